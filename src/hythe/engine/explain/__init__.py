"""What a container is made of, as the kernel has it now: one module for each section of `hythe explain`."""
