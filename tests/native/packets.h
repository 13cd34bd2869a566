/* Packets, keys and addresses for the tests. */
#ifndef PACKETS_H
#define PACKETS_H

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bellhop_media.h"

static inline void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void put32(uint8_t *p, uint32_t value)
{
	put16(p, (uint16_t)(value >> 16));
	put16(p + 2, (uint16_t)value);
}

/* A voice packet; its payload tells its sequence number. */
static inline size_t make_rtp(uint8_t *packet, uint32_t ssrc,
			      uint16_t sequence, size_t payload)
{
	memset(packet, sequence & 0xff, 12 + payload);
	packet[0] = 0x80;
	packet[1] = 0;
	put16(packet + 2, sequence);
	put32(packet + 4, sequence * 160u);
	put32(packet + 8, ssrc);
	return 12 + payload;
}

/* A receiver report with one block. */
static inline size_t make_rtcp(uint8_t *packet, uint32_t ssrc)
{
	memset(packet, 0x11, 32);
	packet[0] = 0x81;
	packet[1] = 201;
	put16(packet + 2, 7);
	put32(packet + 4, ssrc);
	return 32;
}

static inline struct bm_key make_key(uint16_t suite, uint8_t fill)
{
	static const uint8_t key_bytes[] = {
		0, 16, 16, 16, 32, 32, 32, 16
	};
	static const uint8_t salt_bytes[] = {
		0, 14, 14, 12, 12, 14, 14, 14
	};
	struct bm_key key = { .suite = suite };

	memset(key.key, fill, key_bytes[suite]);
	memset(key.salt, fill ^ 0x5a, salt_bytes[suite]);
	return key;
}

static inline struct bm_address ip4(uint32_t ip, uint16_t port)
{
	struct bm_address address = { .family = 4, .port = port };

	put32(address.ip, ip);
	return address;
}

static inline struct bm_address loopback6(uint16_t port)
{
	struct bm_address address = { .family = 6, .port = port };

	address.ip[15] = 1;
	return address;
}

/* Addresses of this process alone: other runs use the same ports. */
static inline uint32_t own_ip(uint32_t last)
{
	return 0x7f000000 | ((uint32_t)getpid() & 0xffff) << 8 | last;
}

#define LOOPBACK own_ip(1)
#define OTHER_LOOPBACK own_ip(2)

static inline struct bm_side make_side(struct bm_address local, uint16_t low,
				       uint16_t high)
{
	return (struct bm_side){ .local = local,
				 .port_low = low,
				 .port_high = high };
}

/* A phone: a socket on loopback, bound to a port of the kernel's choice. */
struct phone {
	int fd;
	struct bm_address address;
};

static inline struct phone open_phone(uint32_t ip)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	struct phone phone;

	address.sin_addr.s_addr = htonl(ip);
	phone.fd = socket(AF_INET, SOCK_DGRAM, 0);
	bind(phone.fd, (struct sockaddr *)&address, length);
	getsockname(phone.fd, (struct sockaddr *)&address, &length);
	phone.address = ip4(ip, ntohs(address.sin_port));
	return phone;
}

static inline void phone_send(const struct phone *phone, uint16_t port,
			      const uint8_t *packet, size_t length)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	to.sin_addr.s_addr = htonl(LOOPBACK);
	to.sin_port = htons(port);
	sendto(phone->fd, packet, length, 0, (struct sockaddr *)&to,
	       sizeof(to));
}

/* The next datagram's length, or -1 when none comes in time. */
static inline ssize_t phone_receive(const struct phone *phone,
				    uint8_t *packet, size_t capacity,
				    int wait_ms)
{
	struct pollfd ready = { .fd = phone->fd, .events = POLLIN };

	if (poll(&ready, 1, wait_ms) != 1)
		return -1;
	return recv(phone->fd, packet, capacity, 0);
}

#endif
