#!/bin/busybox sh
# The first process, in the initramfs: the host's files read-only through virtiofs, a tmpfs above them for all
# that is written, the kernel's modules; then init.sh in there.
/bin/busybox mkdir -p /proc /sys /dev /host /above /root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
. /settings
for module in $MODULES; do
    insmod "/$module"
done
mount -t virtiofs -o ro host /host || poweroff -f
mount -t tmpfs above /above
mkdir /above/upper /above/work
mount -t overlay -o lowerdir=/host,upperdir=/above/upper,workdir=/above/work root /root
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
mount -t tmpfs -o mode=0755 run /root/run
mkdir -p /root/run/vm /root/lib/modules
mount --bind "/root$KERNEL/lib/modules" /root/lib/modules
cp /settings /command /init.sh /root/run/vm/
exec switch_root /root /bin/sh /run/vm/init.sh
