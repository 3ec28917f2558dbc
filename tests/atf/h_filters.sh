#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_filters.sh - more real milters, and the name server that they ask.
# Owns:      opendmarc, spamd with spamass-milter, rspamd, h_dns, and a second
#            opendkim that only signs.
# Called by: t_chain.sh, sourced after h_milters.sh.
# Must not:  read a configuration of the system's, or ask anything beyond
#            loopback: every name is one of h_dns's, every map and list that
#            would be fetched is left out.
#
# Some take a second to start: hf_* start them, hf_ready waits for all.  Names
# and files are as in h_milters.sh.

HF_WAIT=

# hf_spawn NAME SPEC COMMAND...: other users may use its sockets.
hf_spawn()
{

	hf_name=$1
	echo "$2" >"$HM_WORK/spec/$1"
	HF_WAIT="$HF_WAIT $1"
	shift 2
	# shellcheck disable=SC2016 # for that shell
	hm_spawn "$hf_name" sh -c 'umask 0; exec "$@"' sh "$@"
}

hf_ready()
{

	for hf_n in $HF_WAIT; do
		hm_wait "$hf_n" "$(hm_spec "$hf_n")"
	done
	HF_WAIT=
}

# hf_dns NAME PORT: answers from NAME.zone, which may be added to at any time.
# It knows the key of hm_key, a DMARC policy for that domain, and hosts.
hf_dns()
{

	sed 's/ / TXT /' "$HM_WORK/dkim.public" >"$HM_WORK/$1.zone"
	cat >>"$HM_WORK/$1.zone" <<-END
	$HM_DOMAIN SOA 60
	$HM_DOMAIN MX 10 mail.$HM_DOMAIN
	$HM_DOMAIN TXT v=spf1 ip4:192.0.2.0/24 -all
	_dmarc.$HM_DOMAIN TXT v=DMARC1; p=reject
	mail.$HM_DOMAIN A 192.0.2.1
	mx.example.net A 192.0.2.7
	7.2.0.192.in-addr.arpa PTR mx.example.net
	END
	HF_DNS=$2
	hf_spawn "$1" "inet:$2" "$(hm_helper h_dns)" "$2" "$HM_WORK/$1.zone"
}

# hf_sign NAME SPEC: an opendkim that signs our clients' mail, and no more.
hf_sign()
{

	cat >"$HM_WORK/$1.conf" <<-END
	Mode			s
	Domain			$HM_DOMAIN
	Selector		$HM_SELECTOR
	KeyFile			$HM_WORK/dkim.pem
	InternalHosts		127.0.0.1
	Canonicalization	relaxed/relaxed
	RequireSafeKeys		no
	Syslog			no
	UMask			000
	END
	hf_spawn "$1" "$2" opendkim -f -x "$HM_WORK/$1.conf" -p "$2"
}

# hf_verify NAME SPEC: one that verifies, and notes the result.
hf_verify()
{

	cat >"$HM_WORK/$1.conf" <<-END
	Mode			v
	InternalHosts		192.0.2.254
	TestPublicKeys		$HM_WORK/dkim.public
	AuthservID		mail.example.org
	AlwaysAddARHeader	yes
	Syslog			no
	UMask			000
	END
	hf_spawn "$1" "$2" opendkim -f -x "$HM_WORK/$1.conf" -p "$2"
}

# hf_opendmarc NAME SPEC: believes what is before it in the chain, refuses what
# the domain's policy says.  Its own way to have no DNS is a file of answers.
hf_opendmarc()
{

	echo "_dmarc.$HM_DOMAIN v=DMARC1; p=reject" >"$HM_WORK/$1.dns"
	cat >"$HM_WORK/$1.conf" <<-END
	AuthservID		mail.example.org
	TrustedAuthservIDs	mail.example.org
	RejectFailures		true
	SPFIgnoreResults	true
	TestDNSData		$HM_WORK/$1.dns
	SoftwareHeader		true
	Syslog			false
	UMask			000
	END
	hf_spawn "$1" "$2" opendmarc -f -c "$HM_WORK/$1.conf" -p "$2"
}

# hf_spamd NAME: the rules that come with SpamAssassin, without those that ask
# the network, at unix:NAME.sock.  In its report the lines have no fixed order.
hf_spamd()
{

	mkdir -p "$HM_WORK/$1.site"
	cat >"$HM_WORK/$1.site/local.cf" <<-END
	required_score 5
	report_safe 0
	use_bayes 0
	dns_available no
	remove_header all Report
	END
	for hf_p in Check BodyEval HeaderEval HTMLEval MIMEEval \
	    RelayEval URIEval; do
		echo "loadplugin Mail::SpamAssassin::Plugin::$hf_p"
	done >"$HM_WORK/$1.site/init.pre"
	hf_spawn "$1" "unix:$HM_WORK/$1.sock" spamd -L -x -s stderr \
	    -u "${PF_NOBODY:-nobody}" --siteconfigpath="$HM_WORK/$1.site" \
	    --socketpath="$HM_WORK/$1.sock" --socketmode=0666 -m 3 \
	    --min-children=2 --min-spare=1
}

# hf_spamass NAME SPEC SPAMD: refuses what has 15 points.
hf_spamass()
{

	hf_spawn "$1" "$2" spamass-milter -p "${2#unix:}" -r 15 -- \
	    -U "$HM_WORK/$3.sock"
}

# hf_rspamd NAME SPEC [LINE...]: its proxy as a milter that scans itself, with
# these lines for it; refuses what has 15 points.  SPEC is unix.  The list of
# top level domains is short because it takes seconds to compile the long one.
hf_rspamd()
{

	hf_r=$1
	hf_s=$2
	shift 2
	set -- "$hf_r" "$hf_s" "$(printf '%s\n' "$@")"
	mkdir -p "$HM_WORK/$1.db"
	chown "${PF_NOBODY:-nobody}" "$HM_WORK/$1.db"
	printf 'com\nexample\nnet\norg\n' >"$HM_WORK/$1.tld"
	cat >"$HM_WORK/$1.conf" <<-END
	lua = "\$RULESDIR/rspamd.lua";
	options {
		pidfile = "$HM_WORK/$1.db/pid";
		tempdir = "$HM_WORK/$1.db";
		cache_file = "$HM_WORK/$1.db/symbols.cache";
		hs_cache_dir = "$HM_WORK/$1.db";
		history_file = "$HM_WORK/$1.db/history";
		control_socket = "$HM_WORK/$1.db/control mode=0600";
		url_tld = "$HM_WORK/$1.tld";
		filters = "dkim,regexp";
		disable_hyperscan = true;
		enable_test_patterns = true;
		dns {
			nameserver = ["127.0.0.1:$HF_DNS"];
			timeout = 5s;
		}
		task_timeout = 30s;
	}
	logging {
		type = "file";
		filename = "$HM_WORK/$1.log";
		level = "warning";
	}
	worker "rspamd_proxy" {
		bind_socket = "${2#unix:} mode=0666";
		milter = yes;
		$3
		timeout = 60s;
		count = 1;
		upstream "local" {
			default = yes;
			self_scan = yes;
		}
	}
	actions {
		reject = 15;
		rewrite_subject = 8;
		add_header = 6;
	}
	modules {
		path = "\${PLUGINSDIR}";
	}
	dkim {
		check_local = true;
	}
	milter_headers {
		use = ["x-spamd-bar", "x-spam-status", "x-rspamd-server",
		    "authentication-results"];
		routines {
			authentication-results {
				header = "X-Rspamd-Authentication-Results";
			}
		}
		skip_local = false;
		skip_authenticated = false;
	}
	END
	hf_spawn "$1" "$2" rspamd -f -u "${PF_NOBODY:-nobody}" \
	    -g "$(id -gn "${PF_NOBODY:-nobody}")" -c "$HM_WORK/$1.conf"
}

# The message that every spam filter knows, in two parts as hm_eicar.  The
# letter in front tells rspamd what to make of it: X rejects, for everyone.
hf_gtube()
{

	printf '%s%s%s\n' "${1:-X}" 'JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE' \
	    '-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
}
