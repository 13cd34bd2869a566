#!/bin/sh
# A router of OpenWrt's own init scripts, procd and ujail, over this machine: ROOT as for real.py, with
# sbin/{procd,ujail,validate_data,uci} and bin/jsonfilter; TREE: package/ of OpenWrt; OURS: this tree;
# WORK: an empty folder. Runs WORK/scenario inside. Needs root and namespaces of its own.

set -e
new=$WORK/new
mount -t tmpfs work "$WORK/disk"
mkdir "$WORK/disk/upper" "$WORK/disk/work"
mount -t overlay over -o "lowerdir=/,upperdir=$WORK/disk/upper,workdir=$WORK/disk/work" "$new"
mount -t proc proc "$new/proc"
mount --rbind /sys "$new/sys"
mount --rbind /dev "$new/dev"
rm -rf "$new/var/run" "$new/run" "$new/var/lock"
mkdir -p "$new/var/run" "$new/run" "$new/var/lock" "$new/etc/config" "$new/etc/bellhop"
mount -t tmpfs run "$new/var/run"
mkdir "$new/var/run/ubus"
cp "$WORK/scenario" "$new/scenario"

# The programs, and the libraries that ujail seeks in /lib and /usr/lib.
for name in sh ash logger killall; do ln -sf busybox "$new/usr/bin/$name"; done
cp "$ROOT"/sbin/* "$new/usr/sbin/"
cp "$ROOT"/bin/* "$new/usr/bin/"
cp -P "$ROOT"/lib/*.so* "$new/usr/lib/"
for file in $(ldd /usr/bin/python3 /usr/bin/openssl "$ROOT"/sbin/* "$ROOT"/bin/* 2>/dev/null |
		sed -n 's/.* => \(\/[^ ]*\).*/\1/p' | sort -u); do
	[ -e "$new/usr/lib/${file##*/}" ] || cp -L "$file" "$new/usr/lib/"
done

# The scripts.
cp -a "$TREE"/base-files/files/lib/* "$new/lib/"
cp "$TREE/base-files/files/etc/rc.common" "$new/etc/"
mkdir -p "$new/lib/functions" "$new/lib/config" "$new/usr/share/libubox" "$new/usr/share/acl.d"
cp "$TREE/system/procd/files/procd.sh" "$new/lib/functions/"
cp "$TREE/system/uci/files/lib/config/uci.sh" "$new/lib/config/"
cp "$ROOT/share/libubox/jshn.sh" "$new/usr/share/libubox/"

# The firewall, where it is given.
if [ -d "$ROOT/share/firewall4" ]; then
	mkdir -p "$new/usr/share/ucode" "$new/usr/lib/ucode"
	cp -r "$ROOT/share/firewall4" "$new/usr/share/"
	cp "$ROOT"/share/ucode/*.uc "$new/usr/share/ucode/"
	cp "$ROOT"/lib/ucode/*.so "$new/usr/lib/ucode/"
fi

# The package, as it lies on a router.
files=$OURS/openwrt/bellhop/files
for name in bellhop:880 ubus:81; do
	echo "${name%:*}:x:${name#*:}:${name#*:}::/:/bin/false" >>"$new/etc/passwd"
	echo "${name%:*}:x:${name#*:}:" >>"$new/etc/group"
done
cp "$files/bellhop.init" "$new/etc/init.d/bellhop"
chmod 0755 "$new/etc/init.d/bellhop"
cp "$files/bellhop.config" "$new/etc/config/bellhop"
install -m 0644 "$files/bellhop.acl.json" "$new/usr/share/acl.d/bellhop.json"
site=$(echo "$new"/usr/lib/python3.*/ | cut -d' ' -f1)
cp -r "$OURS/src/bellhop" "$site"
python3 "$OURS/openwrt/bellhop/bytecode.py" "$site/bellhop"
find "$site/bellhop" -name '*.py' -delete

exec chroot "$new" /usr/bin/busybox ash -c '
PATH=/usr/sbin:/sbin:/usr/bin:/bin
ip link set lo up
ubusd &
while ! ubus list >/dev/null; do sleep 0.1; done
busybox syslogd -n -O /var/run/log &
procd -S &
ubus -t 10 wait_for service
. /scenario'
