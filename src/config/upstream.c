/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * upstream.c - items of upstream's configuration that are no keys here, and
 * what to write in their place.
 * Owns:      the words; milter-manager.conf(5) has a row for each, too.
 * Called by: parse.c for an unknown key, "milter-manager import".
 * Must not:  name an item that is a key.
 */
#include "compat.h"

#include "config/upstream.h"

#define LISTS(from, to) from "\0write " to " += VALUE\0"

static const char upstream_items[] =
	"manager.packet_buffer_size\0leave it out: edits always go to the MTA "
	    "in one go\0"
	"manager.max_pending_finished_sessions\0leave it out: a session that "
	    "is over is freed at once\0"
	"manager.use_netstat_connection_checker\0write "
	    "manager.connection_check_interval = 5s\0"
	"manager.netstat_connection_checker\0write client_state in "
	    "manager.connection_checker\0"
	"manager.define_connection_checker\0write "
	    "manager.connection_checker = EXPRESSION\0"
	"manager.maintained\0write manager.maintenance_command = "
	    "[\"/PROGRAM\"]\0"
	"manager.event_loop_created\0write timer.NAME.interval and "
	    "timer.NAME.command\0"
	"define_milter\0write milter.NAME.KEY = VALUE\0"
	"defined_milters\0write milter.*.KEY = VALUE\0"
	"remove_milter\0write milter.NAME.enabled = false\0"
	"define_applicable_condition\0write condition.NAME.KEY = VALUE\0"
	LISTS("s25r.add_whitelist", "s25r.whitelist")
	LISTS("s25r.add_blacklist", "s25r.blacklist")
	LISTS("remote_network.add_local_address",
	    "remote_network.local_addresses")
	LISTS("remote_network.add_remote_address",
	    "remote_network.remote_addresses")
	LISTS("trust.add_envelope_from_domain", "trust.envelope_from_domains")
	"trust.clear\0write trust.envelope_from_domains = []\0"
	LISTS("dnsbl.add_service", "dnsbl.services")
	LISTS("restrict_accounts_by_list", "restrict_accounts.accounts")
	"restrict_accounts_generic\0write condition.NAME.set_note and "
	    "condition.NAME.stop_on_data\0"
	"database.setup\0leave it out: a table \"database:SELECT ...\" asks\0"
	"database.load_models\0write table.NAME = \"database:SELECT ...\"\0"
	"define_policy\0write condition.NAME.stop_on_connect = EXPRESSION\0";

#undef LISTS

const char *
upstream_instead(const char *name)
{
	const char *row, *text;

	for (row = upstream_items; *row != '\0';
	    row = text + strlen(text) + 1) {
		text = row + strlen(row) + 1;
		if (strcmp(name, row) == 0)
			return (text);
	}
	return (NULL);
}
