// The tests' payload: reports as key=value lines what it sees from inside a container.
//
//   /probe COMMAND [WORD...] [-- COMMAND [WORD...]]...
//
// A static program that needs nothing in the root file system but itself.
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void print_errno(const char* key) {
  printf("%s=%s\n", key, strerrorname_np(errno));
}

void print_result(const char* key, long result) {
  if (result < 0) {
    print_errno(key);
  } else {
    printf("%s=ok\n", key);
  }
}

static const struct command* find(const struct command* commands, const char* name) {
  for (; commands->name; ++commands) {
    if (strcmp(commands->name, name) == 0) return commands;
  }
  return NULL;
}

static void run(struct words words) {
  const struct command* command = find(process_commands, words.args[0]);
  if (!command) command = find(file_commands, words.args[0]);
  if (!command) command = find(kernel_commands, words.args[0]);
  if (!command || words.count - 1 < command->operands) {
    fprintf(stderr, "probe: %s: unknown command or too few words\n", words.args[0]);
    exit(64);
  }
  command->run(words);
  fflush(stdout);
}

int main(int argc, char** argv) {
  for (int first = 1; first < argc;) {
    int end = first;
    while (end < argc && strcmp(argv[end], "--") != 0) ++end;
    argv[end] = NULL;
    if (end > first) run((struct words){.count = end - first, .args = argv + first});
    first = end + 1;
  }
  return 0;
}
