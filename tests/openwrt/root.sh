#!/bin/sh
# Makes a router's root in an empty folder and runs WORK/scenario in it: OpenWrt's own init scripts, procd
# and ujail, this machine's busybox, a CPython whose modules are shared files, and libraries that lie in
# /usr/lib alone, as on a router. ROOT as for real.py, with sbin/{procd,ujail,validate_data,uci} and
# bin/jsonfilter; TREE: package/ of OpenWrt; OURS: this tree; PREFIX, VERSION: the folder and the version
# of the Python; PACKAGES: a folder of what the scenario installs. Needs root and namespaces of its own.

set -e
new=$WORK/new
mount -t tmpfs -o mode=0755 work "$new"
cd "$new"
mkdir tmp
mount -t tmpfs tmp tmp
mkdir -p bin sbin lib usr/bin usr/sbin usr/lib usr/share proc sys dev root www tree \
	tmp/run/ubus tmp/lock etc/config etc/init.d etc/rc.d etc/uci-defaults lib/functions \
	lib/config lib/apk/packages lib/upgrade/keep.d usr/share/libubox usr/share/acl.d
ln -s tmp var
ln -s lib lib64
mount --bind "$OURS" tree
mount -t proc proc proc
mount -t sysfs sys sys
# Its own: /dev/log of all others would be that of this root as well.
mkdir dev/pts dev/shm
for name in null zero full random urandom tty; do
	: >"dev/$name"
	mount --bind "/dev/$name" "dev/$name"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

# The programs, and the interpreter as the package python3-light and its sisters bring it.
cp "$(command -v busybox)" bin/busybox
for name in $(busybox --list); do [ -e "bin/$name" ] || ln -s busybox "bin/$name"; done
cp "$ROOT"/sbin/* usr/sbin/
cp "$ROOT"/bin/* usr/bin/
cp "$ROOT"/lib/*.so* usr/lib/
ln -s ../usr/sbin/procd ../usr/sbin/ubusd ../usr/sbin/ujail ../usr/sbin/uci ../usr/sbin/validate_data sbin/
cp "$(command -v ip)" "$(command -v flock)" usr/bin/
[ ! -x /usr/sbin/nft ] || cp /usr/sbin/nft usr/sbin/
printf '#!/bin/sh\n' >usr/bin/lock
chmod 0755 usr/bin/lock
cp -r "$PREFIX/lib/python$VERSION" usr/lib/
cp "$PREFIX/bin/python$VERSION" usr/bin/
ln -s "python$VERSION" usr/bin/python3
rm -rf "usr/lib/python$VERSION"/test "usr/lib/python$VERSION"/config-* \
	"usr/lib/python$VERSION"/site-packages

# Their libraries, flat.
# shellcheck disable=SC2046 # One file a line, without blanks.
for file in $(ldd $(find usr bin/busybox "$PACKAGES" $MANAGER -type f \
		\( -perm -100 -o -name '*.so*' \)) 2>/dev/null |
		sed -n 's/.* => \(\/[^ ]*\).*/\1/p; s/^\t\(\/lib64[^ ]*\) .*/\1/p' | sort -u); do
	case $file in
	/lib64/*) cp -L "$file" lib/ ;;
	*) [ -e "usr/lib/${file##*/}" ] || cp -L "$file" usr/lib/ ;;
	esac
done
cp -r "$ROOT/lib/ucode" usr/lib/
# ucode looks for its modules where it was installed.
mkdir -p ".$ROOT/lib" ".$ROOT/share"
ln -s /usr/lib/ucode ".$ROOT/lib/"
ln -s /usr/share/ucode ".$ROOT/share/"

# The scripts, and the network and the firewall where they are given.
cp -a "$TREE"/base-files/files/lib/* lib/
cp "$TREE/base-files/files/etc/rc.common" etc/
cp "$TREE/base-files/files/sbin/sysupgrade" sbin/
cp "$TREE/system/procd/files/procd.sh" lib/functions/
cp "$TREE/system/uci/files/lib/config/uci.sh" lib/config/
cp "$ROOT/share/libubox/jshn.sh" usr/share/libubox/
mkdir usr/share/ucode
[ ! -d "$ROOT/share/firewall4" ] || cp -r "$ROOT/share/firewall4" usr/share/
if [ -e "$ROOT/sbin/netifd" ] && [ -e "$ROOT/sbin/fw4" ]; then
	cp -a "$TREE"/network/config/netifd/files/* .
	cp "$ROOT"/share/netifd/*.sh lib/netifd/
	cp "$ROOT/etc/init.d/firewall" etc/init.d/
	cp "$TREE/base-files/files/sbin/hotplug-call" sbin/
	sed -i 's|%PATH%|/usr/sbin:/sbin:/usr/bin:/bin|' sbin/hotplug-call
	ln -s ../usr/sbin/netifd ../usr/sbin/fw4 sbin/
fi
cp "$ROOT"/share/ucode/*.uc usr/share/ucode/ 2>/dev/null || true

# Who is there before any package comes.
printf 'root:x:0:0:root:/root:/bin/ash\nubus:x:81:81:ubus:/:/bin/false\n' >etc/passwd
printf 'root:x:0:\nubus:x:81:\n' >etc/group
: >etc/shadow
: >etc/nsswitch.conf
: >etc/TZ
printf '127.0.0.1 localhost\n' >etc/hosts
: >tmp/resolv.conf
ln -s /tmp/resolv.conf etc/resolv.conf
printf "config system\n\toption hostname 'OpenWrt'\n" >etc/config/system

mkdir packages
cp -r "$PACKAGES"/* packages/
[ -z "$MANAGER" ] || cp "$MANAGER" usr/bin/
cp "$WORK/scenario" scenario

exec chroot "$new" /bin/busybox ash -c '
export PATH=/usr/sbin:/sbin:/usr/bin:/bin
ip link set lo up
ubusd &
until ubus list >/dev/null 2>&1; do sleep 0.1; done
busybox syslogd -n -O /var/run/log &
procd -S &
ubus -t 10 wait_for service
. /scenario'
