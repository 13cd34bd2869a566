# Packages and firmware for OpenWrt; included by the Makefile at the top.
#
# make ipk                what is the same on every router, without an SDK, into build/ipk
# make apk APK=program    the same for 25.12, by apk-tools 3 and a Python 3.13, into build/apk
# make dist               the source archive of the tag of this release, its hash, and folders for
#                         the telephony feed that build from it, into build/dist; URL= where it
#                         will lie, TAG=HEAD before there is a tag
# make packages SDK=folder                             everything, with the SDK of a release
# make firmware BOARD=... IMAGEBUILDER=folder PACKAGES_IN=folder    an image with those packages
# make boards             which node fits which board
# make footprint          what it takes of flash and RAM

.PHONY: ipk apk dist packages firmware boards footprint

ipk: .venv/installed-run
	$(BIN)/python openwrt/packages.py ipk build/ipk

# The Python of OpenWrt 25.12, where there is one.
PYTHON_OF_APK = $(or $(shell python3.13 -c 'print("python3.13")' 2>/dev/null),$(PYTHON))

# An .apk is no tar: it is a database that apk-tools 3 writes (apk mkpkg) and no Debian package has.
apk:
	APK="$(APK)" $(PYTHON_OF_APK) openwrt/packages.py apk build/apk

dist:
	$(PYTHON) openwrt/dist.py $(or $(TAG),v$(shell sed -n 's/^PKG_VERSION:=//p' openwrt/bellhop/Makefile)) "$(URL)" build/dist

packages:
	$(PYTHON) openwrt/firmware.py packages "$(SDK)"

firmware:
	$(PYTHON) openwrt/firmware.py image "$(BOARD)" "$(IMAGEBUILDER)" "$(PACKAGES_IN)"

boards:
	$(PYTHON) board-configs/fit.py

footprint: .venv/installed-run
	$(BIN)/python openwrt/footprint.py
