# What `make bench-media` runs besides the library itself; see media.py.

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))

bench: programs

include $(HERE)../../native/Makefile

WRAPPED = recv recvmmsg send bm_protect bm_unprotect

programs: $(LIBRARY) $(OUT)/media_load $(OUT)/media_hot \
	$(OUT)/libbellhop_media_floor.so

$(OUT)/media_%: $(HERE)media_%.c $(OBJECTS)
	$(CC) $(BM_CFLAGS) -I$(ROOT) $(CFLAGS) -o $@ $< $(OBJECTS) \
		$(LDFLAGS) $(SRTP_LIBS)

$(OUT)/libbellhop_media_floor.so: $(HERE)media_floor.c $(OBJECTS)
	$(CC) $(BM_CFLAGS) -I$(ROOT) $(CFLAGS) -shared -o $@ $< $(OBJECTS) \
		$(addprefix -Wl$(comma)--wrap=,$(WRAPPED)) $(LDFLAGS) \
		$(SRTP_LIBS)

comma := ,

.PHONY: bench programs
