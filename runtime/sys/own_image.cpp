#include "runtime/sys/own_image.hpp"

#include <link.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/crt/own_data.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::sys {
namespace {

// A part of the program in memory that came from its file: whole pages.
struct Piece {
  std::uintptr_t start = 0;
  std::size_t size = 0;  // bytes
  off_t offset = 0;      // in the file
  int protection = 0;    // PROT_*
  bool written = false;  // by relocations at least: the file does not have the contents
};

class Pages {
 public:
  Pages() : size_(static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE))) {}
  std::uintptr_t down(std::uintptr_t address) const { return address / size_ * size_; }
  std::uintptr_t up(std::uintptr_t address) const { return down(address + size_ - 1); }

 private:
  std::uintptr_t size_;
};

int protection_of(const ElfW(Phdr) & segment) {
  return ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
         ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
         ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
}

// A writable segment is two mappings: what relocated it has made its head read-only (PT_GNU_RELRO),
// in whole pages, the last of which it leaves writable where they share it.  elf(5)
void add_writable(std::vector<Piece>& pieces, const Piece& segment, std::uintptr_t relro_end) {
  const std::uintptr_t end = segment.start + segment.size;
  const std::uintptr_t middle = std::min(std::max(relro_end, segment.start), end);
  for (const bool read_only : {true, false}) {
    Piece piece = segment;
    piece.start = read_only ? segment.start : middle;
    piece.size = (read_only ? middle : end) - piece.start;
    piece.protection = read_only ? PROT_READ : segment.protection;
    piece.written = true;
    if (piece.size > 0) pieces.push_back(piece);
  }
}

std::vector<Piece> pieces_of(const dl_phdr_info& program) {
  const Pages pages;
  const std::span<const ElfW(Phdr)> segments(program.dlpi_phdr, program.dlpi_phnum);
  std::uintptr_t relro_end = 0;
  for (const auto& segment : segments) {
    if (segment.p_type == PT_GNU_RELRO)
      relro_end = pages.down(program.dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  std::vector<Piece> pieces;
  for (const auto& segment : segments) {
    if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
    const std::uintptr_t begin = program.dlpi_addr + segment.p_vaddr;
    const std::uintptr_t start = pages.down(begin);
    const Piece piece = {.start = start,
                         .size = pages.up(begin + segment.p_filesz) - start,
                         .offset = static_cast<off_t>(segment.p_offset - (begin - start)),
                         .protection = protection_of(segment)};
    if ((piece.protection & PROT_WRITE) != 0)
      add_writable(pieces, piece, relro_end);
    else
      pieces.push_back(piece);
  }
  return pieces;
}

// The first that is named is the program itself.  dl_iterate_phdr(3)
dl_phdr_info own_program() {
  dl_phdr_info own = {};
  ::dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* found) {
        *static_cast<dl_phdr_info*>(found) = *program;
        return 1;
      },
      &own);
  return own;
}

// The contents of the note of that type and name "GNU" among `notes`; empty
// for none.  elf(5), Notes
std::string_view gnu_note(std::string_view notes, ElfW(Word) type) {
  constexpr auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  ElfW(Nhdr) head = {};
  while (notes.size() >= sizeof head) {
    std::memcpy(&head, notes.data(), sizeof head);
    const std::size_t contents = sizeof head + padded(head.n_namesz);
    if (notes.size() < contents + head.n_descsz) break;
    if (head.n_type == type && notes.substr(sizeof head).starts_with(std::string_view("GNU", 4)))
      return notes.substr(contents, head.n_descsz);
    notes.remove_prefix(std::min(notes.size(), contents + padded(head.n_descsz)));
  }
  return {};
}

void* address(std::uintptr_t number) {
  return reinterpret_cast<void*>(number);
}

// The kernel exchanges the mapping while nothing of ours runs: the next
// instruction comes from the new one, where it is the same.
Result<void> map_again(const Piece& piece, const Fd& same) {
  if (::mmap(address(piece.start), piece.size, piece.protection, MAP_PRIVATE | MAP_FIXED,
             same.get(), piece.offset) == MAP_FAILED)
    return fail_errno("map our own program");
  return {};
}

// Pages are more than the objects in them, and a sanitizer has guards in between: its memcpy(3)
// would object.  Volatile, so that the loop does not become one.
__attribute__((no_sanitize("address"))) void copy_pages(void* to, const Piece& piece) {
  auto* target = static_cast<volatile std::uint64_t*>(to);
  const auto* source = static_cast<const volatile std::uint64_t*>(address(piece.start));
  for (std::size_t i = 0; i < piece.size / sizeof *target; ++i) target[i] = source[i];
}

// A copy without a file takes its place in one system call, so that neither
// the call nor its return misses what is there.
Result<void> move_to_memory(const Piece& piece) {
  void* copy = ::mmap(nullptr, piece.size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (copy == MAP_FAILED) return fail_errno("map memory for our own data");
  copy_pages(copy, piece);
  if (::mprotect(copy, piece.size, piece.protection) == 0 &&
      ::mremap(copy, piece.size, piece.size, MREMAP_MAYMOVE | MREMAP_FIXED, address(piece.start)) !=
          MAP_FAILED)
    return {};
  auto failed = fail_errno("move our own data");
  ::munmap(copy, piece.size);
  return failed;
}

// Where the kernel has the parts of our memory: fields 26 to 28 and 45 to 51 of
// /proc/self/stat, counted from 1.  proc_pid_stat(5)
Result<prctl_mm_map> own_memory_map() {
  const std::string stat = TRY(read_file("/proc/self/stat"));
  std::string_view rest = stat;
  rest.remove_prefix(std::min(rest.size(), rest.rfind(')') + 4));  // a name may hold spaces
  std::vector<std::uint64_t> fields = {0, 0, 0};
  for (const std::string_view word : split(trim(rest), ' '))
    fields.push_back(parse_number<std::uint64_t>(word).value_or(0));
  if (fields.size() < 51) return fail("/proc/self/stat is too short");
  return prctl_mm_map{.start_code = fields[25],
                      .end_code = fields[26],
                      .start_data = fields[44],
                      .end_data = fields[45],
                      .start_brk = fields[46],
                      .brk = reinterpret_cast<std::uintptr_t>(::sbrk(0)),
                      .start_stack = fields[27],
                      .arg_start = fields[47],
                      .arg_end = fields[48],
                      .env_start = fields[49],
                      .env_end = fields[50],
                      .auxv = nullptr,
                      .auxv_size = 0,
                      .exe_fd = 0};
}

// Changes that link alone by itself for CAP_SYS_RESOURCE, and for CAP_SYS_ADMIN
// together with the rest, which stays what it is.  EBUSY while anything is
// still mapped from the old file.
Result<void> set_exe_link(const Fd& file) {
  if (::prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, file.get(), 0, 0) == 0) return {};
  if (errno != EPERM) return fail_errno("prctl PR_SET_MM_EXE_FILE");
  prctl_mm_map map = TRY(own_memory_map());
  map.exe_fd = static_cast<std::uint32_t>(file.get());
  if (::prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0)
    return fail_errno("prctl PR_SET_MM_MAP");
  return {};
}

}  // namespace

Result<void> replace_own_image(const Fd& same) {
  const bool is_memory = &coracle_data_is_memory != nullptr && coracle_data_is_memory;
  for (const Piece& piece : pieces_of(own_program())) {
    if (!piece.written) TRY(map_again(piece, same));
    if (piece.written && !is_memory) TRY(move_to_memory(piece));
  }
  return set_exe_link(same);
}

std::string own_build_id() {
  const dl_phdr_info program = own_program();
  for (const auto& segment : std::span(program.dlpi_phdr, program.dlpi_phnum)) {
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = static_cast<const char*>(address(program.dlpi_addr + segment.p_vaddr));
    const std::string_view id = gnu_note({notes, segment.p_memsz}, NT_GNU_BUILD_ID);
    if (!id.empty()) return std::string(id);
  }
  return {};
}

}  // namespace coracle::sys
