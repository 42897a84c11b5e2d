/* What the two halves of the floor share: the plan, its host's side and its container's side. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { most_lines = 4096, most_fields = 6, most_words = 256, most_cgroups = 16 };

/* One line of a plan: a word that names what to do, and what to do it with, all separated by
   tabs.  "-" stands for a null pointer.  floor_plan.py says what each word means. */
struct line {
  const char* field[most_fields]; /* field[0] is the word; those that are missing are null */
};

struct plan {
  struct line lines[most_lines];
  int count;
};

/* Reads the file once, and the compiled filter that it may name.  Ends the program when it cannot.
 */
void read_plan(struct plan* plan, const char* path);

/* How the container's side is to wait: -1 where it need not. */
struct gates {
  int host; /* a byte comes when cgroups and ids are in place */
  int up;   /* a byte goes when all is ready but the program's start */
  int fifo; /* a byte comes from `start` */
};

/* Does the lines of the container's side in their order; the last of them executes. */
_Noreturn void run_init(const struct plan* plan, const struct gates* gates);

/* Prints "floor: WHAT OBJECT: reason" and ends the program with status 125. */
_Noreturn void die(const char* what, const char* object);
void check(long result, const char* what, const char* object);
unsigned long hex(const char* text);
void write_text(const char* path, const char* text);
