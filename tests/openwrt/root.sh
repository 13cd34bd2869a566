#!/bin/sh
# Makes a router's root in an empty folder and runs WORK/scenario in it: OpenWrt's own init scripts, procd
# and ujail, this machine's busybox, a CPython whose modules are shared files, and libraries that lie in
# /usr/lib alone, as on a router. ROOT as for real.py, with sbin/{procd,ujail,validate_data,uci} and
# bin/jsonfilter; TREE: package/ of OpenWrt; PREFIX, VERSION: the folder and the version of the Python;
# PACKAGES: a folder of what the scenario installs. Needs root and namespaces of its own.

set -e
new=$WORK/new
mount -t tmpfs -o mode=0755 work "$new"
cd "$new"
mkdir -p bin sbin lib usr/bin usr/sbin usr/lib usr/share proc sys dev root www \
	tmp/run/ubus tmp/lock etc/config etc/init.d etc/rc.d etc/uci-defaults lib/functions \
	lib/config lib/apk/packages lib/upgrade/keep.d usr/share/libubox usr/share/acl.d
ln -s tmp var
ln -s lib lib64
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev

# The programs, and the interpreter as the package python3-light and its sisters bring it.
cp "$(command -v busybox)" bin/busybox
for name in $(busybox --list); do [ -e "bin/$name" ] || ln -s busybox "bin/$name"; done
cp "$ROOT"/sbin/* usr/sbin/
cp "$ROOT"/bin/* usr/bin/
cp "$ROOT"/lib/*.so* usr/lib/
ln -s ../usr/sbin/procd ../usr/sbin/ubusd ../usr/sbin/ujail ../usr/sbin/uci ../usr/sbin/validate_data sbin/
cp "$(command -v ip)" "$(command -v flock)" usr/bin/
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

# The scripts, and the firewall where it is given.
cp -a "$TREE"/base-files/files/lib/* lib/
cp "$TREE/base-files/files/etc/rc.common" etc/
cp "$TREE/base-files/files/sbin/sysupgrade" sbin/
cp "$TREE/system/procd/files/procd.sh" lib/functions/
cp "$TREE/system/uci/files/lib/config/uci.sh" lib/config/
cp "$ROOT/share/libubox/jshn.sh" usr/share/libubox/
mkdir usr/share/ucode
[ ! -d "$ROOT/share/firewall4" ] || cp -r "$ROOT/share/firewall4" usr/share/
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
