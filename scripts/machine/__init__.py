"""The virtual machine of `scripts/vm`: another kernel below this machine's own file system.

    kernel.py        Debian's stock cloud kernel and its modules, unpacked into a cache
    initramfs.py     what that kernel starts with: the modules that reach the file system, and boot.sh
    boot.sh          in the initramfs: puts the root together and goes there
    init.sh          process 1 of the guest: mounts, disk, user, then the command
    acceleration.py  whether KVM runs that kernel here
    hypervisor.py    qemu, virtiofsd, the disk: one run
    ports.py         what comes out of it: output and exit status

It is for tests; hythe's own virtual machines have nothing to do with it. Standard library only: it runs on any
Python that is new enough, before there is a virtual environment.
"""
