"""Tar archives on directory descriptors.

compression   gzip, zstd, xz, bzip2 and plain, told apart by their first bytes
header, pax   the 512-byte blocks and the records of extended headers, without I/O
reader        a stream -> entries;  writer  entries -> a stream
unpack        entries -> files below a directory descriptor, whiteouts to overlay's form
pack          a directory descriptor -> a deterministic stream, whiteouts back to the archive's form
"""
