// CRIU's messages over the wire format.
#include "runtime/container/criu_rpc.hpp"

#include <sched.h>

#include "runtime/container/protobuf.hpp"

namespace coracle::container::criu {
namespace {

using protobuf::Fields;
using protobuf::Message;

constexpr int log_level = 4;  // debug: what its errors refer to

void add_text(Message& message, std::uint32_t field, const std::string& text) {
  if (!text.empty()) message.text(field, text);
}

void add_flag(Message& message, std::uint32_t field, bool on) {
  if (on) message.number(field, 1);
}

// The messages {1: text, 2: text}.
Message pair_of(std::string_view first, std::string_view second) {
  Message pair;
  pair.text(1, first);
  pair.text(2, second);
  return pair;
}

void add_switches(Message& message, const Options& options) {
  add_flag(message, 3, options.leave_running);
  add_flag(message, 4, options.ext_unix_sk);
  add_flag(message, 5, options.tcp_established);
  add_flag(message, 6, options.evasive_devices);
  add_flag(message, 7, options.shell_job);
  add_flag(message, 8, options.file_locks);
  add_flag(message, 12, true);  // notify_scripts
  add_flag(message, 15, options.track_mem);
  add_flag(message, 16, options.auto_dedup);
  add_flag(message, 18, options.link_remap);
  add_flag(message, 26, options.restore_as_sibling);
  add_flag(message, 46, options.tcp_skip_in_flight);
  add_flag(message, 48, options.lazy_pages);
  add_flag(message, 50, options.orphan_pts_master);
  add_flag(message, 52, options.tcp_close);
  add_flag(message, 66, options.skip_mode_check);
}

void add_lists(Message& message, const Options& options) {
  for (const ExternalMount& mount : options.external_mounts)
    message.message(23, pair_of(mount.key, mount.value));
  for (const CgroupRoot& root : options.cgroup_roots)
    message.message(25, pair_of(root.controllers, root.path));
  for (const InheritedFd& inherited : options.inherited_fds) {
    Message field;
    field.text(1, inherited.key);
    field.number(2, inherited.fd);
    message.message(27, field);
  }
  for (const std::string& external : options.external) message.text(37, external);
  for (const JoinedNamespace& joined : options.joined_namespaces)
    message.message(39, pair_of(joined.name, joined.path));
}

Message message_of(const PageServer& server) {
  Message message;
  message.text(1, server.address);
  message.number(2, server.port);
  return message;
}

Message message_of(const Options& options) {
  Message message;
  message.number(1, options.images_dir_fd);
  if (options.pid) message.number(2, *options.pid);
  message.number(9, log_level);
  add_text(message, 10, options.log_file);
  if (options.page_server) message.message(11, message_of(*options.page_server));
  add_text(message, 13, options.root);
  add_text(message, 14, options.parent_image);
  message.number(17, options.work_dir_fd);
  message.number(24, 1);  // manage_cgroups, for what is older than its modes
  message.number(34, static_cast<int>(options.manage_cgroups));
  if (options.empty_network) message.number(38, CLONE_NEWNET);
  add_text(message, 44, options.freeze_cgroup);
  add_text(message, 51, options.config_file);
  add_text(message, 53, options.lsm_profile);
  add_text(message, 63, options.lsm_mount_context);
  if (options.network_lock) message.number(64, static_cast<int>(*options.network_lock));
  add_switches(message, options);
  add_lists(message, options);
  return message;
}

Message message_of(const Features& features) {
  Message message;
  add_flag(message, 1, features.mem_track);
  add_flag(message, 2, features.lazy_pages);
  return message;
}

// A build of a commit counts as the release that it leads to.
Result<int> version_of(std::string_view bytes) {
  const Fields fields = TRY(Fields::parse(bytes));
  int version = fields.number(1).value_or(0) * 10'000;
  if (fields.text(3)) return version + (fields.number(2).value_or(0) + 1) * 100;
  return version + fields.number(2).value_or(0) * 100 + fields.number(4).value_or(0);
}

Result<Features> features_of(std::string_view bytes) {
  const Fields fields = TRY(Fields::parse(bytes));
  return Features{.mem_track = fields.is_true(1), .lazy_pages = fields.is_true(2)};
}

Result<Notification> notification_of(std::string_view bytes) {
  const Fields fields = TRY(Fields::parse(bytes));
  return Notification{.step = std::string(fields.text(1).value_or("")),
                      .pid = fields.number(2).value_or(0)};
}

}  // namespace

std::string_view to_string(RequestType type) {
  switch (type) {
    case RequestType::dump:
      return "dump";
    case RequestType::restore:
      return "restore";
    case RequestType::notify:
      return "notify";
    case RequestType::feature_check:
      return "feature check";
    case RequestType::version:
      return "version";
    case RequestType::pre_dump:
      return "pre-dump";
  }
  return "request";
}

std::string encode(const Request& request) {
  Message message;
  message.number(1, static_cast<int>(request.type));
  if (request.options) message.message(2, message_of(*request.options));
  add_flag(message, 3, request.notify_success);
  add_flag(message, 4, request.keep_open);
  if (request.features) message.message(5, message_of(*request.features));
  return message.bytes();
}

Result<Response> decode(std::string_view bytes) {
  const Fields fields = TRY(Fields::parse(bytes));
  Response response = {.success = fields.is_true(2)};
  if (const auto notify = fields.text(5)) response.notification = TRY(notification_of(*notify));
  response.code = fields.number(7).value_or(0);
  if (const auto features = fields.text(8)) response.features = TRY(features_of(*features));
  response.text = fields.text(9).value_or("");
  if (const auto version = fields.text(10)) response.version = TRY(version_of(*version));
  return response;
}

}  // namespace coracle::container::criu
