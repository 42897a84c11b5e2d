// What the probe's files share: one command of the probe is one function.
#pragma once

#include <errno.h>

// A command's words: args[0] is its name, args[count] is NULL.
struct words {
  int count;
  char** args;
};

struct command {
  const char* name;
  int operands;  // the least number of words after the name
  void (*run)(struct words words);
};

// Each ends with an entry whose name is NULL.
extern const struct command process_commands[];
extern const struct command file_commands[];
extern const struct command kernel_commands[];

// Prints "KEY=ok" for 0, else "KEY=ENOENT" and the like from errno.
void print_result(const char* key, long result);

// Prints "KEY=ENOENT" and the like, from errno.
void print_errno(const char* key);
