#!/bin/sh
# Process 1 of the guest, in the host's file system: the mounts of a machine that booted with control groups
# version 2 only, the disk, a user if one is wanted; then the command. Its output goes to the serial ports "out" and
# "err", its exit status to "status".
port() {
    for each in /sys/class/virtio-ports/*; do
        if [ "$(cat "$each/name")" = "$1" ]; then
            echo "/dev/${each##*/}"
        fi
    done
}
exec > "$(port err)" 2>&1 < /dev/null
. /run/vm/settings

mkdir -p /dev/pts /dev/shm /dev/mqueue "$DISK" /run/lock
mount -t devpts -o ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
ln -sfT /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
ip link set lo up
hostname vm
if [ -n "$NETWORK" ]; then  # as qemu's user-mode network has it
    modprobe virtio_net
    ip link set eth0 up
    ip address add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
    echo nameserver 10.0.2.3 > /etc/resolv.conf
fi
modprobe loop  # losetup wants the device that the module makes
modprobe tun   # so do pasta and slirp4netns
modprobe veth  # an ordinary user cannot have it loaded
ulimit -Hn 524288

# What keeps containers needs a real file system: neither virtiofs nor an overlay can be below an overlay's upper
# directory, and neither can be mounted with mapped ids.
mount -t ext4 /dev/vda "$DISK"
mkdir -m 1777 "$DISK/tmp"
for place in hythe docker containerd; do
    mkdir -p "$DISK/lib/$place" "/var/lib/$place"
    mount --bind "$DISK/lib/$place" "/var/lib/$place"
done
if [ -n "$SHARE" ]; then
    mkdir -p "$SHARE"
    mount -t virtiofs share "$SHARE"
fi

# An ordinary user as systemd's login leaves one: subordinate ids, a runtime folder, and a control group of their
# own with the controllers in it, in which the command is one leaf. The way to the files is opened for them.
run_as() {
    home=$DISK/home/$1
    chmod o+x /root
    top=/sys/fs/cgroup/user.slice/user-$2.slice/user@$2.service
    mkdir -p "$home" "/run/user/$2" "$top/app.slice"
    echo "$1:x:$2:$2::$home:/bin/sh" >> /etc/passwd
    echo "$1:x:$2:" >> /etc/group
    echo "$1:$3:65536" | tee -a /etc/subuid >> /etc/subgid
    chown "$2:$2" "$home" "/run/user/$2"
    chmod 0700 "/run/user/$2"
    for folder in /sys/fs/cgroup "${top%/*/*}" "${top%/*}" "$top"; do
        for controller in cpuset cpu io memory pids; do
            echo "+$controller" > "$folder/cgroup.subtree_control"
        done
    done
    for folder in "$top" "$top/app.slice"; do
        chown "$2:$2" "$folder" "$folder/cgroup.procs" "$folder/cgroup.threads" "$folder/cgroup.subtree_control"
    done
    echo 0 > "$top/app.slice/cgroup.procs"
    export HOME="$home" USER="$1" LOGNAME="$1" XDG_RUNTIME_DIR="/run/user/$2"
    exec setpriv --reuid "$2" --regid "$2" --clear-groups -- /bin/sh /run/vm/command
}

export TMPDIR="$DISK/tmp"
(
    exec > "$(port out)"
    if [ -n "$USER_NAME" ]; then
        run_as "$USER_NAME" 50000 3000000
    fi
    exec /bin/sh /run/vm/command
)
status=$?
echo "exit $status" > "$(port status)"
sync
echo o > /proc/sysrq-trigger
sleep 60
