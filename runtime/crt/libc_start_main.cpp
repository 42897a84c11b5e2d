// What the C library does between the kernel's jump to a static program and
// main(), but for two things: it asks the processor nothing, and relocates
// memory, not a file's.
//
// glibc asks some 70 times what the processor can and how large its caches are,
// to choose the quickest of its memcpy(3)s.  In a virtual machine each CPUID
// leaves to the hypervisor, and takes 1 to 20 us: together more than all else
// that a command like `state` does.  With nothing asked, every choice falls on
// the code that each x86-64 processor has, and a runtime copies little.
//
// libc.a has __libc_start_main() in one object with the questions; a program
// that defines the object's symbols itself is not given it.  What is called
// below is the C library's own, hidden, and not promised to stay: the versions
// are those whose csu/libc-start.c was read, and CMakeLists.txt runs probe.cpp,
// linked with this, before it lets the runtime have it.
//
// The data that relocations write to is first taken off the file as a whole:
// each of its 20 pages would be a page fault and a copy of its own, and once
// more a copy where the program is mapped anew (sys/own_image.hpp).
//
// Until _dl_relocate_static_pie() nothing may need a relocation, and until
// __libc_setup_tls() nothing a thread's own variable: no calls through tables,
// no stack protector.
#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdint>

#include "runtime/crt/own_data.hpp"

#if !defined __x86_64__ || !defined __GLIBC__ || __GLIBC__ != 2 || __GLIBC_MINOR__ < 36 || \
    __GLIBC_MINOR__ > 42
#error "not a C library whose start was read"
#endif

// As crt1.o and libc.a name them.
#pragma GCC visibility push(hidden)
extern "C" {
using Initializer = void(int, char**, char**);
using Finalizer = void();

extern Initializer* const __preinit_array_start[];
extern Initializer* const __preinit_array_end[];
extern Initializer* const __init_array_start[];
extern Initializer* const __init_array_end[];
extern Finalizer* const __fini_array_start[];
extern Finalizer* const __fini_array_end[];
Initializer _init;
Finalizer _fini;

extern const Elf64_Ehdr __ehdr_start;  // the linker's
extern void* __libc_stack_end;
extern int __libc_enable_secure;
extern const std::uintptr_t* _dl_random;
extern std::size_t _dl_minsigstacksize;

void _dl_aux_init(Elf64_auxv_t* auxv);
void __tunables_init(char** environment);
void _dl_relocate_static_pie();
void __libc_setup_tls();
void __libc_early_init(bool initial);
void __libc_init_first(int argc, char** argv, char** environment);
void __libc_check_standard_fds();
int __cxa_atexit(void (*function)(void*), void* argument, void* library);

// By what memcpy(3), memmove(3) and memset(3) choose their ways, in bytes.  The
// sizes are what glibc begins with; above LONG_MAX it would set memory by ways
// of which only the processor could say that they are quick.
extern const long __x86_data_cache_size = 32L * 1024;
extern const long __x86_data_cache_size_half = __x86_data_cache_size / 2;
extern const long __x86_shared_cache_size = 1024L * 1024;
extern const long __x86_shared_cache_size_half = __x86_shared_cache_size / 2;
extern const long __x86_shared_non_temporal_threshold = __x86_shared_cache_size * 3 / 4;
extern const long __x86_memset_non_temporal_threshold = LONG_MAX;
extern const long __x86_rep_movsb_threshold = 2048;
extern const long __x86_rep_stosb_threshold = LONG_MAX;
extern const long __x86_rep_movsb_stop_threshold = __x86_shared_non_temporal_threshold;
extern const int __x86_string_control = 0;
}
#pragma GCC visibility pop

bool coracle_data_is_memory = false;

namespace {

// syscall(2), which would set errno, a thread's own variable: the kernel's negative error instead.
long system_call(long number, std::uintptr_t first, std::uintptr_t second, std::uintptr_t third,
                 std::uintptr_t fourth, std::uintptr_t fifth, std::uintptr_t sixth) {
  long result = 0;
  register std::uintptr_t r10 asm("r10") = fourth;
  register std::uintptr_t r8 asm("r8") = fifth;
  register std::uintptr_t r9 asm("r9") = sixth;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

// memcpy(3) is one of the choices that are not made yet.
void copy_words(std::uintptr_t to, std::uintptr_t from, std::size_t size) {
  std::size_t words = size / sizeof(std::uint64_t);
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

// False where the kernel has no memory for the copy, or refuses to move it: the file's pages stay.
bool move_to_memory(const Elf64_Phdr& segment, std::uintptr_t base) {
  constexpr std::uintptr_t page = 4096;  // x86-64 has no other
  const std::uintptr_t start = (base + segment.p_vaddr) & ~(page - 1);
  const std::uintptr_t file_end = base + segment.p_vaddr + segment.p_filesz;
  const std::size_t size = ((file_end + page - 1) & ~(page - 1)) - start;
  constexpr auto any_descriptor = static_cast<std::uintptr_t>(-1);
  const long copy = system_call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, any_descriptor, 0);
  if (copy < 0) return false;
  const auto copied = static_cast<std::uintptr_t>(copy);
  copy_words(copied, start, size);
  return system_call(SYS_mremap, copied, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, start, 0) >= 0;
}

bool is_data(const Elf64_Phdr& segment) {
  return segment.p_type == PT_LOAD && segment.p_filesz != 0 &&
         (segment.p_flags & (PF_W | PF_X)) == PF_W;
}

void move_data_to_memory() {
  const auto base = reinterpret_cast<std::uintptr_t>(&__ehdr_start);
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(base + __ehdr_start.e_phoff);
  bool all = true;
  for (int i = 0; i < __ehdr_start.e_phnum; ++i)
    if (is_data(segments[i])) all = move_to_memory(segments[i], base) && all;
  coracle_data_is_memory = all;
}

// A kernel that does not tell what a signal needs of a stack (AT_MINSIGSTKSZ; before 5.14) has no
// larger registers to save than AVX-512's.  Without a number sysconf(3) would end the program.
void set_signal_stack() {
  constexpr std::size_t enough = 4096;
  if (_dl_minsigstacksize == 0) _dl_minsigstacksize = enough;
}

// The processor's registers for what the ABI keeps in a thread's control block:
// 0x28 what the stack protector compares, 0x30 what hides pointers in
// jmp_bufs and in the list of atexit(3).  The kernel's 16 random bytes are for
// these; the first byte of a guard is zero, so that no string runs over it.
void set_guards() {
  constexpr std::uintptr_t first_byte = 0xff;
  const std::uintptr_t stack_guard = _dl_random[0] & ~first_byte;
  const std::uintptr_t pointer_guard = _dl_random[1];
  asm volatile("movq %0, %%fs:0x28" : : "r"(stack_guard));
  asm volatile("movq %0, %%fs:0x30" : : "r"(pointer_guard));
}

void initialize(int argc, char** argv) {
  for (auto* const* i = __preinit_array_start; i != __preinit_array_end; ++i)
    (*i)(argc, argv, environ);
  _init(argc, argv, environ);
  for (auto* const* i = __init_array_start; i != __init_array_end; ++i) (*i)(argc, argv, environ);
}

void finalize(void*) {
  for (auto* const* i = __fini_array_end; i != __fini_array_start;) (*--i)();
  _fini();
}

}  // namespace

// Called by rcrt1.o's _start.  The three arguments in the middle are of other
// times and of programs with a loader.  The main thread must return from main()
// or exit(3): what pthread_exit(3) and pthread_cancel(3) would unwind it to is
// not prepared.
extern "C" [[noreturn]] int __libc_start_main(int (*main)(int, char**, char**), int argc,
                                              char** argv, Initializer*, Finalizer*, Finalizer*,
                                              void* stack_end) {
  move_data_to_memory();
  environ = argv + argc + 1;
  __libc_stack_end = stack_end;
  char** environment_end = environ;
  while (*environment_end != nullptr) ++environment_end;
  _dl_aux_init(reinterpret_cast<Elf64_auxv_t*>(environment_end + 1));
  set_signal_stack();
  __tunables_init(environ);
  _dl_relocate_static_pie();
  __libc_setup_tls();
  set_guards();
  __libc_early_init(true);
  __libc_init_first(argc, argv, environ);
  __cxa_atexit(finalize, nullptr, nullptr);
  if (__libc_enable_secure != 0) __libc_check_standard_fds();
  initialize(argc, argv);
  exit(main(argc, argv, environ));
}
