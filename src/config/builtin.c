/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * builtin.c - the conditions that are there before any file is read.
 * Owns:      upstream's built-in conditions, as statements.
 * Called by: conf.c.
 * Must not:  be a second way to say what a condition does.
 */
#include "compat.h"

#include "config/logic.h"

#define BUILTIN(name)	"condition.\"" name "\"."
#define BUILTIN_ADDR	"macro(\"daemon_addr\")"

/* A client that no block list is asked about. */
#define BUILTIN_NO_DNSBL \
	"dnsbl.check_only_ipv4 and address.family != \"inet\""

const char logic_builtin[] =
	BUILTIN("S25R") "description = "
	"\"hosts whose names look like those of end users\"\n"
	BUILTIN("S25R") "stop_on_connect = "
	"s25r.check_only_ipv4 and address.family != \"inet\" or "
	"host in s25r.whitelist or host not in s25r.blacklist\n"

	BUILTIN("Remote Network") "description = "
	"\"clients of other networks\"\n"
	BUILTIN("Remote Network") "stop_on_connect = "
	"address.family == \"unknown\" or "
	"address not in remote_network.remote_addresses and "
	"(address.local or address in remote_network.local_addresses)\n"

	BUILTIN("Authenticated") "description = "
	"\"senders who have logged in\"\n"
	BUILTIN("Authenticated") "stop_on_envelope_from = "
	"not authenticated\n"
	BUILTIN("Unauthenticated") "description = "
	"\"senders who have not logged in\"\n"
	BUILTIN("Unauthenticated") "stop_on_envelope_from = authenticated\n"

	BUILTIN("Sendmail Compatible") "description = "
	"\"macros of Sendmail where Postfix has others\"\n"
	BUILTIN("Sendmail Compatible") "set_macro.\"{if_addr}\" = "
	"connect: " BUILTIN_ADDR " if postfix and "
	"macro(\"if_addr\") == \"\"\n"
	BUILTIN("Sendmail Compatible") "set_macro.\"{if_name}\" = "
	"connect: ptr(" BUILTIN_ADDR ") if postfix and "
	"macro(\"if_name\") == \"\" and " BUILTIN_ADDR " != \"\"\n"
	BUILTIN("Sendmail Compatible") "set_macro.\"i\" = "
	"envelope_from: \"dummy-id\" if postfix and macro(\"i\") == \"\"\n"

	BUILTIN("No Stress") "description = \"while there is little to do\"\n"
	BUILTIN("No Stress") "stop_on_connect = stressed\n"
	BUILTIN("Stress Notify") "description = "
	"\"the macro {stress} while there is much to do\"\n"
	BUILTIN("Stress Notify") "set_macro.\"{stress}\" = "
	"connect: \"yes\" if stressed\n"

	BUILTIN("Trust") "description = "
	"\"the macro {trusted_domain} for senders of known domains\"\n"
	BUILTIN("Trust") "set_macro.\"{trusted_domain}\" = "
	"envelope_from: \"yes\" if "
	"sender.domain in trust.envelope_from_domains\n"

	BUILTIN("DNSBL Listed") "description = "
	"\"clients that are in a block list\"\n"
	BUILTIN("DNSBL Listed") "stop_on_connect = "
	BUILTIN_NO_DNSBL " or not dnsbl(dnsbl.services)\n"
	BUILTIN("Not DNSBL Listed") "description = "
	"\"clients that are in no block list\"\n"
	BUILTIN("Not DNSBL Listed") "stop_on_connect = "
	"not (" BUILTIN_NO_DNSBL ") and dnsbl(dnsbl.services)\n"

	/*
	 * Upstream's intention: only messages of which every recipient is one
	 * of these accounts.
	 */
	BUILTIN("Restrict Accounts") "description = "
	"\"messages to certain accounts only\"\n"
	BUILTIN("Restrict Accounts") "set_note.\"Restrict Accounts\" = "
	"envelope_recipient: \"other\" if "
	"recipient not in restrict_accounts.accounts\n"
	BUILTIN("Restrict Accounts") "stop_on_envelope_recipient = "
	"recipient not in restrict_accounts.accounts\n"
	BUILTIN("Restrict Accounts") "stop_on_data = "
	"note(\"Restrict Accounts\") == \"other\"\n";

#undef BUILTIN
#undef BUILTIN_ADDR
#undef BUILTIN_NO_DNSBL
