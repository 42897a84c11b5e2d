// What the start has done with the program's data.
#pragma once

// Whether what relocations write to is memory without a file since then.  Not there (weak) in a
// program that starts by the C library's own code, which leaves it mapped from the file.
extern "C" [[gnu::weak]] bool coracle_data_is_memory;
