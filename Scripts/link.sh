# Sourced by the scripts that build what ships as Embedded Swift: how all of it is linked.

# Swift's modules are optimized as one program, at link time. Each module alone has its own copies of what the standard
# library brings, and the linker cannot drop those that are data: tables of addresses, private memory of every process.
# That the modules are bitcode is an option of SwiftPM; Package.swift keeps C as machine code.
optimize=(--experimental-lto-mode full)
link=(
  # Inlined is what becomes smaller by that, as in the compiler (Package.swift).
  -Xlinker -mllvm -Xlinker -inline-threshold=0
  # For the checks, beside the product: the bitcode of all modules before it is optimized (PRODUCT.0.0.preopt.bc,
  # Scripts/check-traps), and its machine code before it is linked (PRODUCT.lto.o, Scripts/check-crash-path).
  -Xlinker --save-temps=preopt -Xlinker --save-temps=prelink
  # One copy of functions that are the same, and relocations in an eighth of the bytes.
  -Xlinker --icf=all -Xlinker -O2 -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --gc-sections
)
