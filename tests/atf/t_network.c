/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_network.c - addresses and networks: what is one, and what is in which.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "base/network.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

H_CASE(addresses, "The forms of an address that MTAs use, and no others")
{
	/* The same number: the same address; 0: none. */
	static const struct {
		const char *text;
		int same;
	} t[] = {
		{ "192.0.2.1", 1 },
		{ "::ffff:192.0.2.1", 1 },
		{ "IPv6:::ffff:c000:201", 1 },
		{ "2001:db8::1", 2 },
		{ "ipv6:2001:DB8:0:0:0:0:0:1", 2 },
		{ "fe80::1", 3 },
		{ "fe80::1%eth0", 3 },
		{ "IPv6:fe80::1%1", 3 },
		{ "::", 4 },
		{ "0.0.0.0", 5 },
		{ "", 0 },
		{ "unknown", 0 },
		{ "192.0.2", 0 },
		{ "192.0.2.256", 0 },
		{ "192.0.2.1 ", 0 },
		{ " 192.0.2.1", 0 },
		{ "192.0.2.1/32", 0 },
		{ "192.0.2.1%eth0", 0 },
		{ "2001:db8::1%eth0", 0 },
		{ "fe80::1%", 0 },
		{ "%eth0", 0 },
		{ "IPv6:", 0 },
		{ "IPv6:192.0.2.1", 0 },
		{ "[::1]", 0 },
		{ "2001:db8::1::2", 0 },
		{ "1:2:3:4:5:6:7:8:9", 0 },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0", 0 },
	};
	struct network_address a, first[6], was;
	bool seen[6] = { false };
	size_t i;
	int r;

	for (i = 0; i < COUNT(t); i++) {
		memset(&a, 0x5a, sizeof(a));
		was = a;
		r = network_read_address(t[i].text, &a);
		if (r != (t[i].same == 0 ? -1 : 0))
			atf_tc_fail_nonfatal("\"%s\": %d", t[i].text, r);
		else if (r == -1) {
			if (memcmp(&a, &was, sizeof(a)) != 0)
				atf_tc_fail_nonfatal("\"%s\": changed",
				    t[i].text);
		} else if (!seen[t[i].same]) {
			seen[t[i].same] = true;
			first[t[i].same] = a;
		} else if (memcmp(&a, &first[t[i].same], sizeof(a)) != 0)
			atf_tc_fail_nonfatal("\"%s\": another one", t[i].text);
	}
	ATF_CHECK(memcmp(&first[4], &first[5], sizeof(a)) != 0);
}

H_CASE(networks, "What is in a network")
{
	static const struct {
		const char *net, *address;
		bool in;
	} t[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.129", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.3", false },
		{ "192.0.2.1/32", "192.0.2.1", true },
		{ "0.0.0.0/0", "255.1.2.3", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "::/80", "192.0.2.1", false },
		{ "::ffff:0:0/96", "192.0.2.1", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.1", true },
		{ "::ffff:192.0.2.0/120", "192.0.3.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "[2001:db8::]/32", "2001:db8::5", true },
		{ "[::1]", "::1", true },
		{ "IPv6:2001:db8::/32", "IPv6:2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
	};
	struct network_address a;
	struct network net;
	char why[200];
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		if (network_read(t[i].net, &net, why, sizeof(why)) == -1)
			atf_tc_fail_nonfatal("%s: %s", t[i].net, why);
		else if (network_read_address(t[i].address, &a) == -1)
			atf_tc_fail_nonfatal("%s", t[i].address);
		else if (network_has(&net, &a) != t[i].in)
			atf_tc_fail_nonfatal("%s in %s", t[i].address,
			    t[i].net);
	}
}

H_CASE(no_networks, "What is no network is told in one line")
{
	static const struct {
		const char *text, *why;
	} t[] = {
		{ "", "expected one like" },
		{ "example.org", "expected one like" },
		{ "[192.0.2.1]", "expected one like" },
		{ "[::1", "expected one like" },
		{ "fe80::1%eth0/64", "expected one like" },
		{ "192.0.2/24", "expected one like" },
		{ "192.0.2.0/33", "from 0 to 32" },
		{ "192.0.2.0/", "from 0 to 32" },
		{ "192.0.2.0/-1", "from 0 to 32" },
		{ "192.0.2.0/255.255.255.0", "from 0 to 32" },
		{ "192.0.2.0/24/24", "from 0 to 32" },
		{ "2001:db8::/129", "from 0 to 128" },
		{ "2001:db8::/99999999999999999999", "from 0 to 128" },
		{ "192.0.2.1/24", "the network is 192.0.2.0/24" },
		{ "192.0.2.1/0", "the network is 0.0.0.0/0" },
		{ "2001:db8::1/32", "the network is 2001:db8::/32" },
		{ "::ffff:192.0.2.1/120", "the network is ::ffff:192.0.2.0" },
		{ "\001/8", "\\x01" },
	};
	struct network net, was;
	char why[200];
	size_t i;

	memset(&was, 0x5a, sizeof(was));
	for (i = 0; i < COUNT(t); i++) {
		net = was;
		if (network_read(t[i].text, &net, why, sizeof(why)) == 0)
			atf_tc_fail_nonfatal("\"%s\" is taken", t[i].text);
		else if (strstr(why, t[i].why) == NULL ||
		    strchr(why, '\n') != NULL)
			atf_tc_fail_nonfatal("\"%s\": %s", t[i].text, why);
		if (memcmp(&net, &was, sizeof(net)) != 0)
			atf_tc_fail_nonfatal("\"%s\": changed", t[i].text);
	}
}

H_CASE(local, "Which addresses are of the own networks")
{
	static const struct {
		const char *text;
		bool in;
	} t[] = {
		{ "127.0.0.1", true },
		{ "127.255.255.255", true },
		{ "128.0.0.1", false },
		{ "10.1.2.3", true },
		{ "11.0.0.0", false },
		{ "172.15.255.255", false },
		{ "172.16.0.0", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.168.123.123", true },
		{ "192.169.0.1", false },
		{ "169.254.1.1", true },
		{ "169.253.1.1", false },
		{ "::ffff:10.0.0.1", true },
		{ "::ffff:192.0.2.1", false },
		{ "192.0.2.1", false },
		{ "0.0.0.0", false },
		{ "::", false },
		{ "::1", true },
		{ "::2", false },
		{ "fe80::1%lo0", true },
		{ "febf::1", true },
		{ "fec0::1", false },
		{ "fc00::1", true },
		{ "fdff::1", true },
		{ "fe00::1", false },
		{ "2001:db8::1", false },
	};
	struct network_address a;
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		ATF_REQUIRE_EQ(network_read_address(t[i].text, &a), 0);
		if (network_is_private(&a) != t[i].in)
			atf_tc_fail_nonfatal("%s", t[i].text);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, addresses);
	ATF_TP_ADD_TC(tp, networks);
	ATF_TP_ADD_TC(tp, no_networks);
	ATF_TP_ADD_TC(tp, local);
	return (atf_no_error());
}
