#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_import.sh - upstream's configuration in our language, statement by statement
# and as a whole; what cannot be translated is said.

# import_case NAME DESCRIPTION: the body is NAME_body.
import_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

# import STATUS FILE [OPTION...]: the result in out, the rest in err.
import()
{

	i_want=$1
	shift
	"$MM_PROGRAM" import "$@" > out 2> err
	i_got=$?
	[ $i_got -eq "$i_want" ] || {
		cat old.conf out err >&2
		atf_fail "import $*: $i_got instead of $i_want"
	}
}

# row OLD NEW: all of it is translated, into this.
row()
{

	printf '%s\n' "$1" > old.conf
	printf '%s' "${2:+$2
}" > new
	import 0 old.conf
	cmp -s new out || {
		printf '%s\n' "$1" >&2
		diff new out >&2
		atf_fail "not as expected, see above"
	}
	rows=$((${rows:-0} + 1))
}

# refused OLD WHY: nothing of it is translated, and that is said of each line.
refused()
{

	printf '%s\n' "$1" > old.conf
	import 1 old.conf
	! grep -v '^#' out || atf_fail "this was translated"
	grep -q -e "^old.conf:1: not translated: .*: .*$2" err || {
		cat err >&2
		atf_fail "expected: $2"
	}
	[ "$(grep -c 'not translated: ' err)" -eq "$(grep -c . old.conf)" ] &&
	    [ "$(grep -c '^# not translated: ' out)" -eq \
	    "$(grep -c . old.conf)" ] || {
		cat out err >&2
		atf_fail "not each line is told"
	}
	rows=$((${rows:-0} + 1))
}

# stop BODY EXPRESSION [STAGE VARIABLES]: of a condition "C".
stop()
{

	row "define_applicable_condition('C') do |condition|
  condition.define_${3:-connect}_stopper do |${4:-context, host, address}|
    $1
  end
end" "${2:+condition.C.stop_on_${3:-connect} = $2}"
}

# no_stop BODY WHY [STAGE VARIABLES]: the whole stopper is left out.
no_stop()
{

	printf '%s\n' "define_applicable_condition('C') do |condition|" \
	    "  condition.define_${3:-connect}_stopper do |${4:-context, host}|" \
	    "    $1" '  end' 'end' > old.conf
	import 1 old.conf
	! grep -v '^#' out || atf_fail "this was translated"
	grep -q "^old.conf:2: not translated: .*$2" err || {
		cat old.conf err >&2
		atf_fail "expected: $2"
	}
	[ "$(grep -c '^# not translated: ' out)" -eq \
	    $(($(grep -c '[^ ]' old.conf) - 2)) ] || {
		cat out >&2
		atf_fail "not each line is told"
	}
	rows=$((${rows:-0} + 1))
}

import_case assignments "assignments become keys, values what they are here"
assignments_body()
{

	row 'manager.connection_spec = "inet:10025@[127.0.0.1]"' \
	    'manager.connection_spec = "inet:10025@[127.0.0.1]"'
	row 'manager.unix_socket_mode = 0660' 'manager.unix_socket_mode = 0660'
	row 'manager.unix_socket_mode = 0o640' 'manager.unix_socket_mode = 0640'
	row 'manager.unix_socket_mode = 432' 'manager.unix_socket_mode = 0660'
	row "manager.unix_socket_group = 'mail'" \
	    'manager.unix_socket_group = "mail"'
	row 'manager.unix_socket_group = nil' 'manager.unix_socket_group = nil'
	row 'manager.daemon = true' 'manager.daemon = true'
	row 'manager.daemon = "true"' 'manager.daemon = true'
	row 'manager.fallback_status = :temporary_failure' \
	    'manager.fallback_status = "temporary-failure"'
	row 'manager.fallback_status = "Temporary-Failure"' \
	    'manager.fallback_status = "temporary-failure"'
	row 'manager.fallback_status = %q(reject)' \
	    'manager.fallback_status = "reject"'
	row 'manager.max_connections = 1_000' 'manager.max_connections = 1000'
	row 'manager.max_connections = 0x10' 'manager.max_connections = 16'
	row 'manager.event_loop_backend = "libev"' \
	    'manager.event_loop_backend = "libev"'
	row 'manager.pid_file = "/run/a b.pid" # here' \
	    'manager.pid_file = "/run/a b.pid"  # here'
	row 'log.level = "default|info"' 'log.level = "default|info"'
	row 'log.syslog_facility = "local3"' 'log.syslog_facility = "local3"'
	row 'log.path = %q{/a"b\c}' 'log.path = "/a\"b\\c"'
	row 'log.path = "/a\x41\101\tb"' 'log.path = "/aAA\tb"'
	row 'log.use_syslog = false; log.path = nil' \
	    'log.use_syslog = false
log.path = nil'
	row 'database.type = "mysql2"' 'database.type = "mysql2"'
	row 'database.port = 3306' 'database.port = 3306'
	row 'database.extra_options = { "a" => 1, :b => "c", d: true }' \
	    'database.extra_options = ["a=1", "b=c", "d=true"]'
	row 'database.setup' '# a database is asked through a table'
	row 'stress.threshold_n_connections = 75' \
	    'stress.threshold_n_connections = 75'
}

import_case assignments_refused "a value that cannot be kept is left out"
assignments_refused_body()
{

	refused 'manager.fallback_status = :nonsense' 'nonsense'
	refused 'manager.chunk_size = 100000' 'size from 1 to 65535'
	refused 'manager.max_connections = 10 * 10' 'only plain values'
	refused 'manager.max_connections = nil' 'nil'
	refused 'manager.pid_file = "/run/#{name}.pid"' '#{...}'
	refused 'manager.pid_file = ENV["PID"]' 'not a value'
	refused 'manager.pid_file = "a" if File.exist?("b")' 'only plain'
	refused 'manager.pid_file = <<EOT
/run/x.pid
EOT' 'not a value'
	refused 'manager.maintained do
  puts "x"
end' 'write manager.maintenance_command'
	refused 'no.such.key = 1' 'no such key'
	refused 'if true
  log.path = nil
else
  log.use_syslog = true
end' ''
	refused 'log.path = "\u3042"' 'escape'
	refused 'log.path = "' ''
	refused 'manager.daemon += true' ''
	refused 'require "foo"' 'no such call'
	refused 'x = [1, 2].map { |i| i * 2 }' 'no such key'
	refused 'log.path = `hostname`' ''
	refused 'milter.enabled = true' 'no such key'
}

import_case milters "define_milter becomes milter.NAME"
milters_body()
{

	row 'define_milter("clamav-milter") do |milter|
  milter.connection_spec = "unix:/run/c.sock"
  milter.description = nil

  # slow
  milter.reading_timeout = 30.5
  milter.enabled = true
end' 'milter.clamav-milter.connection_spec = "unix:/run/c.sock"
milter.clamav-milter.description = nil

# slow
milter.clamav-milter.reading_timeout = 30.5
milter.clamav-milter.enabled = true'
	row 'define_milter("a b") { |m| m.fallback_status = :discard }' \
	    'milter."a b".fallback_status = "discard"'
	row "define_milter 'x' do |m| m.evaluation_mode = true end" \
	    'milter.x.evaluation_mode = true'
	row 'define_milter("x") do |m|
  m.command = "/etc/init.d/x"
  m.command_options = "start"
  m.command_options = ["a b", "c"]
  m.user_name = nil
end' 'milter.x.command = "/etc/init.d/x"
milter.x.command_options = ["start"]
milter.x.command_options = ["a b", "c"]
milter.x.user_name = nil'
	row 'define_milter("x") do |m|
  m.add_applicable_condition("S25R")
  m.applicable_conditions = ["S25R",
    "Trust"]	# both
  m.applicable_conditions = %w(S25R Trust)
  m.applicable_conditions = []
end' 'milter.x.applicable_conditions += "S25R"
milter.x.applicable_conditions = ["S25R", "Trust"]  # both
milter.x.applicable_conditions = ["S25R", "Trust"]
milter.x.applicable_conditions = []'
	row '["a", "b"].each do |name|
  define_milter(name) do |milter|
    # of each
    milter.enabled = false
  end
end' '# of each
milter.a.enabled = false
milter.b.enabled = false'
	row '%w(a b).each { |n| define_milter(n) { |m| m.enabled = false } }' \
	    'milter.a.enabled = false
milter.b.enabled = false'
	row 'remove_milter("a")' 'milter.a.enabled = false'
	row 'define_milter("a") { |m| m.enabled = true }
defined_milters.each do |name|
  define_milter(name) do |milter|
    milter.add_applicable_condition("Trust")
    milter.reading_timeout = 20
  end
end
defined_milters.each { |name| remove_milter(name) }' \
	    'milter.a.enabled = true
milter.*.applicable_conditions += "Trust"
milter.*.reading_timeout = 20
milter.*.enabled = false'
	refused 'defined_milters.each do |name|
  remove_milter(name)
end' 'no milter is defined'
	refused 'define_milter(name) do |milter|
  milter.enabled = true
end' 'only a name'
	refused 'define_milter("x")' 'a block'
	refused '[1, 2].each do |name|
  remove_milter(name)
end' 'only a list of strings'
	refused 'define_milter("x") do |milter|
  milter.enabled = true' ''

	printf '%s\n' 'define_milter("x") do |m|' \
	    '  m.add_applicable_condition(/S25R/)' \
	    '  m.applicable_conditions = true' \
	    '  m.applicable_conditions = ["S25R", 1]' 'end' > old.conf
	import 1 old.conf
	[ "$(grep -c '^# not translated: ' out)" -eq 3 ] &&
	    [ "$(wc -l < out)" -eq 3 ] || atf_fail "$(head -n 1 out)"

	# What cannot be translated is told once, of a loop, too.
	cat > old.conf <<'EOT'
["a", "b"].each do |name|
  define_milter(name) do |milter|
    milter.connection_spec = "unix:/run/#{name}.sock"
    milter.command = "/etc/init.d/x start"
    milter.no_such = 1
    milter.reading_timeout = -1
    milter.command_options = "start 'it now'"
    milter.enabled = false
  end
end
EOT
	import 1 old.conf
	atf_check -o inline:'# not translated: milter.connection_spec = "unix:/run/#{name}.sock"
# not translated: milter.command = "/etc/init.d/x start"
# not translated: milter.no_such = 1
# not translated: milter.reading_timeout = -1
# not translated: milter.command_options = "start '"'it now'"'"
milter.a.enabled = false
milter.b.enabled = false
' cat out
	atf_check -o match:'^old.conf:3: .*#\{\.\.\.\}' \
	    -o match:'^old.conf:4: .*command_options' \
	    -o match:'^old.conf:5: .*no such key' \
	    -o match:'^old.conf:6: ' cat err
	[ "$(wc -l < err)" -eq 5 ] || atf_fail "told twice"
}

import_case notes "what differs is told without being a failure"
notes_body()
{

	cat > old.conf <<'EOT'
define_milter("a") { |m| m.enabled = false }
define_milter("b") { |m| m.enabled = false }
define_milter("a") { |m| m.enabled = true }
remove_milter("b")
load("more/*.conf")
EOT
	import 0 old.conf
	atf_check -o match:'^old.conf:3: note: defined again.*keeps its place' \
	    -o match:'^old.conf:4: note: it stays in the order' \
	    -o match:'^old.conf:5: note: .*import it' cat err
	[ "$(wc -l < err)" -eq 3 ] || atf_fail "$(cat err)"
}

import_case helpers "calls of the helpers become lists"
helpers_body()
{

	row 's25r.add_whitelist(/\.example\.net\z/i)' \
	    's25r.whitelist += /\.example\.net\z/i'
	row 's25r.add_whitelist "a.example"' 's25r.whitelist += "a.example"'
	row 's25r.add_blacklist(%r{a/b\.})' 's25r.blacklist += /a\/b\./'
	row 's25r.only_check_ipv4 = false' 's25r.check_only_ipv4 = false'
	row 's25r.check_only_ipv4 = true' 's25r.check_only_ipv4 = true'
	row 'remote_network.add_local_address("192.0.2.0/24")' \
	    'remote_network.local_addresses += "192.0.2.0/24"'
	row "remote_network.add_remote_address('2001:db8::/32')" \
	    'remote_network.remote_addresses += "2001:db8::/32"'
	row 'trust.clear' 'trust.envelope_from_domains = []'
	row 'trust.add_envelope_from_domain("example.org")' \
	    'trust.envelope_from_domains += "example.org"'
	row 'trust.load_envelope_from_domains("/etc/mm/*.list")' \
	    'trust.load_envelope_from_domains = "/etc/mm/*.list"'
	row 'dnsbl.add_service("bl.example", "127.0.0.2")' \
	    'dnsbl.services += "bl.example=127.0.0.2"'
	row 'dnsbl.add_service("bl.example")' 'dnsbl.services += "bl.example"'
	row 'dnsbl.name_server = "192.0.2.1"' \
	    'dnsbl.name_servers += "192.0.2.1"'
	row 'dnsbl.name_servers = ["192.0.2.1", "192.0.2.2"]' \
	    'dnsbl.name_servers += ["192.0.2.1", "192.0.2.2"]'
	row '%w[a.example b.example].each { |h| s25r.add_whitelist(h) }' \
	    's25r.whitelist += "a.example"
s25r.whitelist += "b.example"'
	row 'load("applicable-conditions/*.conf")' \
	    '# what was loaded here is built in'
	row 'load("applicable-conditions/own.conf")' \
	    'load = "applicable-conditions/own.conf"'
	row 'load_if_exist("milter-manager.local.conf")' \
	    'load_if_exist = "milter-manager.local.conf"'
	row 'define_milter("a") { |m| m.enabled = false }
restrict_accounts_by_list("a@b", /@c\z/)' \
	    'milter.a.enabled = false
condition."Restrict Accounts by List, line 2".set_note."Restrict Accounts by List, line 2" = envelope_recipient: "other" if recipient not in ["a@b", /@c\z/]
condition."Restrict Accounts by List, line 2".stop_on_envelope_recipient = recipient not in ["a@b", /@c\z/]
condition."Restrict Accounts by List, line 2".stop_on_data = note("Restrict Accounts by List, line 2") == "other"
milter.*.applicable_conditions += "Restrict Accounts by List, line 2"'
	row 'restrict_accounts_by_list("a@b",
  condition_name: "A", milters: ["x", "y z"])' \
	    'condition."A".set_note."A" = envelope_recipient: "other" if recipient not in ["a@b"]
condition."A".stop_on_envelope_recipient = recipient not in ["a@b"]
condition."A".stop_on_data = note("A") == "other"
milter.x.applicable_conditions += "A"
milter."y z".applicable_conditions += "A"'

	row 'restrict_accounts_by_list("a@b", :milters => ["x"],
  :condition_name => "B")' \
	    'condition."B".set_note."B" = envelope_recipient: "other" if recipient not in ["a@b"]
condition."B".stop_on_envelope_recipient = recipient not in ["a@b"]
condition."B".stop_on_data = note("B") == "other"
milter.x.applicable_conditions += "B"'

	row 'package.platform = "freebsd"
package.options = "prefix=/usr/pkg/etc, rcddir=/etc/rc.d"
load_default' \
	    'package.platform = "freebsd"
package.options = "prefix=/usr/pkg/etc, rcddir=/etc/rc.d"
load_default = true'
	row 'load_default
restrict_accounts_by_list("a@b", condition_name: "A", milters: ["x"])' \
	    'load_default = true
condition."A".set_note."A" = envelope_recipient: "other" if recipient not in ["a@b"]
condition."A".stop_on_envelope_recipient = recipient not in ["a@b"]
condition."A".stop_on_data = note("A") == "other"
milter.x.applicable_conditions += "A"'
	row 'load_default
restrict_accounts_by_list("a@b", condition_name: "A")' \
	    'load_default = true
condition."A".set_note."A" = envelope_recipient: "other" if recipient not in ["a@b"]
condition."A".stop_on_envelope_recipient = recipient not in ["a@b"]
condition."A".stop_on_data = note("A") == "other"
milter.*.applicable_conditions += "A"'
	refused 'load_default(1)' 'not a value'
	refused 'package.platform = "solaris"' 'expected'
	refused 's25r.add_whitelist do |host|
  host == "x"
end' 'a block of Ruby'
	refused 's25r.add_whitelist { |host| host == "x" }' 'a block of Ruby'
	refused 's25r.add_whitelist(/(?<!a)b/)' ''
	refused 's25r.add_whitelist(/#{x}/)' '#{...}'
	refused 's25r.add_whitelist("a", "b")' 'only plain'
	refused 'remote_network.add_local_address("nowhere")' ''
	refused 'load(path)' 'only a path'
	refused 'restrict_accounts_by_list(*accounts)' ''
	refused 'restrict_accounts_generic(:milters => []) do |context, r|
  r == "a"
end' 'write condition.NAME.set_note'
	refused 'restrict_accounts_by_list("a@b")' 'no milter'
	# What is no key here says so, or what to write in its place.
	row 'manager.use_netstat_connection_checker' \
	    'manager.connection_check_interval = 5'
	row 'manager.use_netstat_connection_checker(1.5)' \
	    'manager.connection_check_interval = 1.5'
	refused 'manager.use_netstat_connection_checker("x")' 'a duration'
	row 'manager.connection_check_interval = 5' \
	    'manager.connection_check_interval = 5'
	row 'manager.fallback_status_at_disconnect = "reject"' \
	    'manager.fallback_status_at_disconnect = "reject"'
	refused 'manager.fallback_status_at_disconnect = "shutdown"' 'expected'
	refused 'manager.define_connection_checker("x") do |context|
  context["j"] == "x"
end' 'write manager.connection_checker'
	row 'manager.report_memory_statistics' \
	    'manager.report_memory_statistics = true'
	row 'manager.packet_buffer_size = 0' "# manager.packet_buffer_size: \
leave it out: edits always go to the MTA in one go"
	row 'manager.max_pending_finished_sessions = 20' \
	    "# manager.max_pending_finished_sessions: leave it out: a session \
that is over is freed at once"
	refused 'manager.event_loop_created do |loop|
  loop.add_timeout(1)
end' 'write timer.NAME.interval'
	refused 'database.load_models("models/*.rb")' 'write table.NAME'
	refused 'define_policy("a") do |policy|
  policy.host = "b"
end' 'write condition.NAME.stop_on_connect'
}

import_case conditions "a condition's stopper becomes an expression"
conditions_body()
{

	row 'define_applicable_condition("Only Japan") do |condition|
  condition.description = "hosts of .jp"

  # all else is stopped
  condition.define_connect_stopper do |context, host, socket_address|
    host !~ /\.jp\z/
  end
end' 'condition."Only Japan".description = "hosts of .jp"

# all else is stopped
condition."Only Japan".stop_on_connect = host !~ /\.jp\z/'
	stop 'host == "unknown"' 'host == "unknown"'
	stop '"unknown" == host' 'host == "unknown"'
	stop 'host.nil?' 'host == ""'
	stop 'host == nil or host != "a"' 'host == "" or host != "a"'
	stop '/\.jp\z/i =~ host' 'host =~ /\.jp\z/i'
	stop '/\.jp\z/ === host' 'host =~ /\.jp\z/'
	stop '"a.example" === host' 'host == "a.example"'
	stop 'host.match?(%r{a/b})' 'host =~ /a\/b/'
	stop '["a", "b"].include?(host)' 'host in ["a", "b"]'
	stop '!%w(a b).include?(host)' 'not host in ["a", "b"]'
	stop '(8..19).include?(Time.now.hour)' 'hour in 8..19'
	stop 'Time.now.hour < 8 || Time.now.hour >= 20' \
	    'hour < 8 or hour >= 20'
	stop 'Time.now.wday == 0 && Time.now.min > 30' \
	    'weekday == 0 and minute > 30'
	stop 'address.local?' 'address.local'
	stop 'not address.local? && host' 'not (address.local and host != "")'
	stop '!address.ipv4? || address.port == 25' \
	    'not address.family == "inet" or address.port == 25'
	stop 'address.address == "192.0.2.1"' 'address == "192.0.2.1"'
	stop '["192.0.2.1"].include?(address.address)' \
	    'address in ["192.0.2.1"]'
	stop 'context.postfix? and (host == "a" or host == "b")' \
	    'postfix and (host == "a" or host == "b")'
	stop 'context.n_processing_sessions > 1_00' 'connections > 100'
	stop 'context["daemon_name"] == "x" && context["{j}"]' \
	    'macro("{daemon_name}") == "x" and macro("{j}") != ""'
	stop 'context["j"]' 'macro("j") != ""'
	stop 'true' 'true'
	stop 'false' ''
	stop 'host == "a" ||
      host == "b"' 'host == "a" or host == "b"'
	stop 'next true if host == "a"
    next false unless host =~ /b/
    return true unless host
    address.local?' '(host == "a") or ((host =~ /b/) and (not (host != "") or (address.local)))'
	stop 'context.authenticated?' 'authenticated' data 'context'
	stop 'fqdn =~ /\Alocalhost\z/' 'helo =~ /\Alocalhost\z/' \
	    helo 'context, fqdn'
	stop 'from == "<a@example.org>"' 'sender == "a@example.org"' \
	    envelope_from 'context, from'
	stop 'from == "<>" || ["<a@b>", "<c@d>"].include?(from)' \
	    'sender == "" or sender in ["a@b", "c@d"]' \
	    envelope_from 'context, from'
	stop '/@example\.org/ =~ from' 'sender =~ /@example\.org/' \
	    envelope_from 'context, from'
	grep -q '^old.conf:3: note: .*without < and >' err ||
	    atf_fail "no note"
	# Where the < and > are is where they begin and end.
	stop '/@example\.org>\z/ =~ from' 'sender =~ /@example\.org\z/' \
	    envelope_from 'context, from'
	stop 'from =~ /\A<(?:a|b[^\/])+@x>$|^<\d/i' \
	    'sender =~ /\A(?:a|b[^\/])+@x$|^\d/i' envelope_from 'context, from'
	stop 'from =~ /\A<>\z/' 'sender =~ /\A\z/' \
	    envelope_from 'context, from'
	stop '"<a@b>" != to' 'recipient != "a@b"' \
	    envelope_recipient 'context, to'
	stop 'name == "Subject" and value =~ /x/' \
	    'header_name == "Subject" and header_value =~ /x/' \
	    header 'context, name, value'
	stop 'context.authenticated? || context.postfix?' \
	    'authenticated or postfix' end_of_header 'context'
	stop 'chunk =~ /x/' 'body =~ /x/' body 'context, chunk'
	stop 'context.children["clamav"].reject?' 'child("clamav").rejected' \
	    end_of_message 'context'
	stop 'context.children["a b"]&.temporary_failure?' \
	    'child("a b").tempfailed' end_of_message 'context'
	stop 'context.mail_transaction_shelf["seen"] == "1"' \
	    'note("seen") == "1"' end_of_message 'context'
}

import_case setters "assignments in a stopper become setters"
setters_body()
{

	row 'define_applicable_condition("Tag") do |condition|
  condition.define_envelope_from_stopper do |context, from|
    context["trusted"] = "yes" if from =~ /@example/
    context["i"] = "id" unless context.authenticated?
    context["{host}"] = context["j"]
    context.mail_transaction_shelf["n"] = "1"
    false
  end
end' 'condition.Tag.set_macro."{trusted}" = envelope_from: "yes" if sender =~ /@example/
condition.Tag.set_macro."i" = envelope_from: "id" if not (authenticated)
condition.Tag.set_macro."{host}" = envelope_from: macro("j")
condition.Tag.set_note."n" = envelope_from: "1"'
	row 'define_applicable_condition("Tag") do |condition|
  condition.define_connect_stopper do |context, host, socket_address|
    context["a"] = "yes"
    socket_address.local?
  end
end' 'condition.Tag.set_macro."a" = connect: "yes"
condition.Tag.stop_on_connect = address.local'
	no_stop 'context["a"] = "yes"' "last value"
	no_stop 'next true if host
    context["a"] = "yes"
    false' 'before the first'
	no_stop 'context["a"] = "1"
    context["a"] = "2"
    false' 'only once'
	no_stop 'context["a"] = from
    false' 'may turn out otherwise' envelope_from 'context, from'
	no_stop 'context["a"] = host == "b"
    false' ''
	no_stop 'x = 1
    host == "a"' ''
}

import_case conditions_refused "a stopper is translated whole or not at all"
conditions_refused_body()
{

	no_stop 'if host == "a"
      true
    else
      false
    end' ''
	no_stop 'host == "a" ? true : false' ''
	no_stop 'case host
    when "a" then true
    end' ''
	no_stop 'puts host
    true' ''
	no_stop 'host.end_with?(".jp")' ''
	no_stop 'host + "x" == "y"' ''
	no_stop 'host =~ /#{x}/' '#{...}'
	no_stop 'host =~ /(?=a)b/' ''
	no_stop 'host =~ /a
b/x' 'one line'
	no_stop 'other == "a"' ''
	no_stop '!host == "a"' ''
	no_stop 'host == "a" and host or host' 'parentheses'
	no_stop 'host == "a" || host and host' 'parentheses'
	no_stop 'host < "a"' ''
	no_stop 'host == 1' ''
	no_stop '1' 'truth'
	no_stop '"a" == "a"' ''
	no_stop '["a"].include?("a")' ''
	no_stop 'host.include?("a")' ''
	no_stop '[/a/].include?(host)' ''
	no_stop 'context.children["x"]' ''
	no_stop 'context.reject?' ''
	no_stop 'context[host]' ''
	no_stop 'context.authenticated?' ''		# not known yet
	no_stop '@list.any? { |x| x == host }' ''
	no_stop 'host == <<EOT
x
EOT' ''
	no_stop '' 'last value'
	no_stop 'from == "a@b"' 'never finds' envelope_from 'context, from'
	for i_re in '\A' '\Aa' 'a>' '<a' '\A<?a' '\A<*a' '^a' '(a>)\z' \
	    '[>$]' '[<a]\z' '\>\z' 'a\z' 'a$' '\A(<a)' 'a>\\z' '>'; do
		no_stop "from =~ /$i_re/" 'without them' envelope_from \
		    'context, from'
	done
	no_stop 'from =~ /example\.org\z/' 'without them' \
	    envelope_from 'context, from'
	no_stop 'from == context["f"]' 'otherwise' envelope_from \
	    'context, from'
	no_stop 'from' 'otherwise' envelope_from 'context, from'
	no_stop 'from.nil?' '' envelope_from 'context, from'
	no_stop 'true' '' no_such 'context'

	# The second of a stage.
	cat > old.conf <<'EOT'
define_applicable_condition("C") do |c|
  c.define_data_stopper { |context| context.postfix? }
  c.define_data_stopper { |context| true }
end
EOT
	import 1 old.conf
	atf_check -o inline:'condition.C.stop_on_data = postfix
# not translated: c.define_data_stopper { |context| true }
' cat out
}

import_case whole "a whole file in upstream's manner is taken by -n"
whole_body()
{

	cat > old.conf <<'EOT'
# -*- ruby -*-

# What the package brings.
load("applicable-conditions/*.conf")

manager.connection_spec = "inet:0@[127.0.0.1]"
manager.fallback_status = "accept"
log.level = "default"

# Where mail comes from that is not looked at.
remote_network.add_local_address("198.51.100.0/24")
s25r.add_whitelist(/\.mail\.example\z/)

=begin
Both of them are there.
=end

define_applicable_condition("Office hours") do |condition|
  condition.description = "not at night"
  condition.define_connect_stopper do |context, host, socket_address|
    context["daytime"] = "no" unless (8..19).include?(Time.now.hour)
    !(8..19).include?(Time.now.hour) && !socket_address.local?
  end
end

define_milter("milter-greylist") do |milter|
  milter.connection_spec = "unix:/var/run/milter-greylist.sock"
  milter.description = 'delays'
  milter.enabled = true
  milter.applicable_conditions = [
    "Sendmail Compatible",
    # only those
    "Remote Network",
    "S25R",
  ]
  milter.add_applicable_condition("Office hours")
end

define_milter("clamav-milter") do |milter|
  milter.connection_spec = "unix:/var/run/clamav/clmilter.sock"
  milter.fallback_status = :temporary_failure
end

defined_milters.each do |name|
  define_milter(name) do |milter|
    milter.reading_timeout = 10
  end
end
restrict_accounts_by_list("info@example.org", /\Atest/,
                          condition_name: "Some",
                          milters: ["clamav-milter"])

define_applicable_condition("Virus") do |condition|
  condition.define_end_of_message_stopper do |context|
    context.children["clamav-milter"].reject?
  end
end
EOT
	import 0 old.conf -o new.conf
	[ ! -s out ] || atf_fail "the result is on standard output, too"
	atf_check -e ignore "$MM_PROGRAM" -n -f new.conf
	for w_line in '# -\*- ruby -\*-' '# Where mail comes from' \
	    '# Both of them are there' '# only those' \
	    'milter.clamav-milter.fallback_status = "temporary-failure"' \
	    'condition.Virus.stop_on_end_of_message = child("clamav-milter")'
	do
		grep -q "^$w_line" new.conf || atf_fail "$w_line is missing"
	done
	! grep -q 'not translated' new.conf || atf_fail "$(cat new.conf)"
}

import_case files "OUT is made whole or not at all, and never written over"
files_body()
{

	echo 'log.path = nil' > old.conf
	chmod 640 old.conf
	import 0 -o new.conf old.conf
	atf_check -o inline:'log.path = nil\n' cat new.conf
	[ "$(find new.conf -perm 0640)" ] || atf_fail "$(ls -l new.conf)"
	import 73 --output=new.conf old.conf
	atf_check -o match:'new.conf: ' cat err
	atf_check -o inline:'log.path = nil\n' cat new.conf
	ln -s nowhere link
	import 73 -o link old.conf
	[ ! -e nowhere ] || atf_fail "written through a link"
	import 73 -o no/such/folder old.conf
	import 66 missing.conf -o other.conf
	[ ! -e other.conf ] || atf_fail "there is no input, but an output"
	import 66 .
	import 64
	import 64 --bogus
	import 64 old.conf old.conf
	import 64 -o
	import 0 --help
	import 0 --version
	ln -s "$MM_PROGRAM" milter-manager-import
	atf_check -o inline:'log.path = nil\n' ./milter-manager-import old.conf
	: > old.conf
	import 0 old.conf
	[ ! -s out ] || atf_fail "something comes of nothing"
	printf '\357\273\277log.path = nil # x\r\nlog.use_syslog = true\r\n' \
	    > old.conf
	import 0 old.conf
	atf_check -o inline:'log.path = nil  # x\nlog.use_syslog = true\n' \
	    cat out
	if [ -w /dev/full ]; then
		"$MM_PROGRAM" import old.conf > /dev/full 2> err
		[ $? -eq 74 ] || atf_fail "a full disk is not told"
	fi
}

# many N TEXT: TEXT N times.
many()
{

	awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) printf "%s", text }'
}

import_case hostile "no input is too much, or ends it in disorder"
hostile_body()
{

	# Its result is 0, 1 or 65, and never nothing.
	for h_text in '(' '[' '{' 'do ' '!' 'if ' '"#{' '%w(' 'a.' '<<A ' \
	    'not ' '\\\\' '/' '?' ':"' '=begin\n' '\n' '(x\n' 'x\\\\\n' ';' \
	    '.x\n' '&&' 'while x do ' 'end ' ') ' '"x" '; do
		for h_before in '' 'define_applicable_condition("C") { |c|
c.define_data_stopper { |context| ' 'log.path = ' 's25r.add_whitelist '; do
			{ printf '%s' "$h_before"; many 3000 "$h_text"; } \
			    > old.conf
			h_got=0
			"$MM_PROGRAM" import old.conf > out 2> err || h_got=$?
			case $h_got in
			0 | 1 | 65) ;;
			*) atf_fail "$h_text: $h_got" ;;
			esac
		done
	done
	# Loops are not unrolled for ever.
	many 12 '%w(a b c d e f g h i j).each { |x|\n' > old.conf
	{ echo 's25r.add_whitelist(x)'; many 12 '}'; } >> old.conf
	import 65 old.conf
	atf_check -o match:'too large' cat err
	[ ! -s out ] || atf_fail "half a result"
	many 100000 '# a comment\n' > old.conf
	import 65 old.conf
	atf_check -o match:'larger than 1 MiB' cat err
	# Bytes that no text has.
	printf 'log.path = "a\000b"\nx\001y\n\177\377 = 1\n' > old.conf
	import 1 old.conf
	! LC_ALL=C grep -q "$(printf '[\001-\010\177]')" err ||
	    atf_fail "control characters are repeated"
	printf '\000\000' > old.conf
	import 1 old.conf
	[ -s err ] || atf_fail "what was left out is not told"
}

atf_init_test_cases()
{

	for i_case in assignments assignments_refused milters notes helpers \
	    conditions setters conditions_refused whole files hostile; do
		atf_add_test_case $i_case
	done
}
