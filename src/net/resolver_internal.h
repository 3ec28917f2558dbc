/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * resolver_internal.h - what the resolver and its helper process tell each
 * other: structs of fixed size in the byte order of the machine, over a
 * socketpair, one question at a time.
 */
#ifndef NET_RESOLVER_INTERNAL_H
#define NET_RESOLVER_INTERNAL_H

#include "compat.h"

#include <stdint.h>

#include "net/target_internal.h"

#define RESOLVER_HOST_SIZE	256

struct resolver_request {
	uint32_t	 id;
	int32_t		 family;	/* AF_INET or AF_INET6 */
	char		 host[RESOLVER_HOST_SIZE];
};

struct resolver_entry {
	uint32_t	 scope;		/* IPv6 only */
	unsigned char	 addr[16];	/* the first 4, or all */
};

struct resolver_reply {
	uint32_t	 id;		/* that of the request */
	int32_t		 gai;		/* getaddrinfo(3)'s result */
	int32_t		 err;		/* errno for EAI_SYSTEM */
	uint32_t	 n;		/* entries that are filled */
	struct resolver_entry entry[TARGET_ADDR_MAX];
};

/* The helper's whole life, in the forked process. */
void	helper_run(int fd) COMPAT_NORETURN;

#endif /* NET_RESOLVER_INTERNAL_H */
