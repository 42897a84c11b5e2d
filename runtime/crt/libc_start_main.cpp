// What the C library does between the kernel's jump to a static program and
// main(), without one thing: it asks the processor nothing.
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
// Until _dl_relocate_static_pie() nothing may need a relocation, and until
// __libc_setup_tls() nothing a thread's own variable: no calls through tables,
// no stack protector.
#include <elf.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>

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

extern void* __libc_stack_end;
extern int __libc_enable_secure;
extern const std::uintptr_t* _dl_random;

void _dl_aux_init(Elf64_auxv_t* auxv);
void __tunables_init(char** environment);
void _dl_relocate_static_pie();
void __libc_setup_tls();
void __libc_early_init(bool initial);
void __libc_init_first(int argc, char** argv, char** environment);
void __libc_check_standard_fds();
int __cxa_atexit(void (*function)(void*), void* argument, void* library);

// By what memcpy(3), memmove(3) and memset(3) choose their ways, in bytes: what
// glibc takes for a processor that does not say how large its caches are.
extern const long __x86_data_cache_size = 32L * 1024;
extern const long __x86_data_cache_size_half = __x86_data_cache_size / 2;
extern const long __x86_shared_cache_size = 1024L * 1024;
extern const long __x86_shared_cache_size_half = __x86_shared_cache_size / 2;
extern const long __x86_shared_non_temporal_threshold = __x86_shared_cache_size * 3 / 4;
extern const long __x86_memset_non_temporal_threshold = __x86_shared_non_temporal_threshold;
extern const long __x86_rep_movsb_threshold = 2048;
extern const long __x86_rep_stosb_threshold = 2048;
extern const long __x86_rep_movsb_stop_threshold = __x86_shared_non_temporal_threshold;
extern const int __x86_string_control = 0;
}
#pragma GCC visibility pop

namespace {

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
  environ = argv + argc + 1;
  __libc_stack_end = stack_end;
  char** environment_end = environ;
  while (*environment_end != nullptr) ++environment_end;
  _dl_aux_init(reinterpret_cast<Elf64_auxv_t*>(environment_end + 1));
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
