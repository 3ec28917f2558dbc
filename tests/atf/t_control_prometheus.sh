#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_control_prometheus.sh - Prometheus itself scrapes the control port, and its
# promtool has nothing to say against the metrics.

. "$(atf_get_srcdir)/h_session.sh"

atf_test_case scraped cleanup
scraped_head()
{

	atf_set descr "Prometheus scrapes the port, promtool accepts the text"
	atf_set timeout 120
	atf_set require.progs "curl prometheus promtool"
}
scraped_body()
{

	# shellcheck disable=SC2046
	set -- $("$(atf_get_srcdir)/h_port" free 2)
	port=$1 web=$2
	(umask 077; echo 0123456789abcdef > token)
	conf_begin "controller.connection_spec = \"inet:$port@[127.0.0.1]\"" \
	    "controller.token_file = \"$PWD/token\""
	conf_child one
	printf 'milter."a \\"b\\\\ü\377".connection_spec = "inet:9"\n' \
	    >> mm.conf
	child one
	manager
	mta > /dev/null
	curl -sS -H 'Authorization: Bearer 0123456789abcdef' \
	    "http://127.0.0.1:$port/metrics" > metrics
	has metrics 'child="a \"b\\ü?"'
	atf_check -o empty -e empty promtool check metrics < metrics
	cat > prometheus.yml <<END
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: milter-manager
    authorization:
      credentials_file: $PWD/token
    static_configs:
      - targets: ["127.0.0.1:$port"]
END
	prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
	    --web.listen-address="127.0.0.1:$web" > prometheus.log 2>&1 &
	echo $! >> pids
	known() {
		curl -s "http://127.0.0.1:$web/api/v1/query?query=$1" \
		    > answer 2> /dev/null && grep -q "$2" answer
	}
	wait_for known up '"1"'
	wait_for known milter_manager_child_dials_total '"child":"one"'
	wait_for known \
	    'histogram_quantile(0.9,milter_manager_child_reply_seconds_bucket)' \
	    '"child":"one"'
	wait_for known 'count(milter_manager_condition_asked_total)' '"value"'
}
scraped_cleanup()
{

	. "$(atf_get_srcdir)/h_session.sh"
	stop_all
}

atf_init_test_cases()
{

	atf_add_test_case scraped
}
