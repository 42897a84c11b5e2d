/* The file coracle-sd-bus: see program.hpp. */
  .section .rodata.coracle_sd_bus, "a", %progbits
  .balign 16
  .globl coracle_sd_bus_begin
  .hidden coracle_sd_bus_begin
coracle_sd_bus_begin:
  .incbin SD_BUS_PROGRAM
  .globl coracle_sd_bus_end
  .hidden coracle_sd_bus_end
coracle_sd_bus_end:
  .section .note.GNU-stack, "", %progbits
