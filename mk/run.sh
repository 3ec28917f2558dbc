#!/bin/sh
#
# run.sh demo - installs what is missing, builds, and runs real mail through
#		several real milters, on the terminal.
# run.sh test - installs what is missing, builds, and runs every test.
#
# What is missing comes from the system's own package manager, through sudo or
# doas when this is not root.  On Debian the services that come with packages
# (postfix, clamav ...) are not started by this; nothing is left running.

set -eu
cd "$(dirname "$0")/.."
job=${1:-}
case $job in
demo | test) ;;
apt) shift ;;	# as root, for itself: the packages to install
*)
	echo "usage: sh mk/run.sh demo | test" >&2
	exit 64
	;;
esac

say() {
	echo "==> $*"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	elif command -v doas >/dev/null 2>&1; then
		doas "$@"
	else
		echo "not root, and neither sudo nor doas: please run: $*" >&2
		exit 77
	fi
}

# missing CHECK PACKAGE... - those that CHECK does not know as installed.
missing() {
	check=$1
	shift
	for package in "$@"; do
		$check "$package" >/dev/null 2>&1 || printf '%s ' "$package"
	done
}

# --- Debian, Ubuntu ---------------------------------------------------------

apt_has() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" | grep -q '^installed$'
}

# Of these names those that this release has, as far as it is known: without
# lists, every one.  The sanitizers' run-time library goes by version, spamd is
# newer than its package, rspamd and some milters come and go, MariaDB's names
# had a version.
apt_offered() {
	for package in "$@"; do
		case $package in
		libclang-rt-14-dev | spamd | rspamd | mariadb-*-core | \
		    milter-greylist | milter-regex | amavisd-milter)
			! apt-cache show bmake >/dev/null 2>&1 ||
			    apt-cache show $package >/dev/null 2>&1 ||
			    continue
			;;
		esac
		printf '%s ' $package
	done
}

# Packages start their services unless this file says no; it is only there
# while they are installed.  An administrator's own one is left alone.
apt_install() {
	policy=/usr/sbin/policy-rc.d
	if [ -e $policy ]; then
		policy=
	else
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		trap 'test -z "$policy" || rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
	fi
	DEBIAN_FRONTEND=noninteractive
	export DEBIAN_FRONTEND
	apt-get -q update
	# Postfix asks what it is for; a mail server of this host alone listens
	# nowhere else, should it be started one day.
	if ! apt_has postfix && command -v debconf-set-selections >/dev/null
	then
		echo 'postfix postfix/main_mailer_type select Local only' |
		    debconf-set-selections
		echo "postfix postfix/mailname string $(uname -n)" |
		    debconf-set-selections
	fi
	# Never at the price of another package, such as another mail server.
	# shellcheck disable=SC2046
	apt-get -q -y --no-remove --no-install-recommends install \
	    $(apt_offered "$@")
	test -z "$policy" || rm -f $policy
	policy=
	# What spamassassin's installation leaves running where there is gpg.
	keys=/var/lib/spamassassin/sa-update-keys
	if [ -d $keys ] && command -v gpgconf >/dev/null; then
		gpgconf --homedir $keys --kill gpg-agent || true
	fi
	trap - EXIT HUP INT TERM
}

# --- what is needed ---------------------------------------------------------

install_missing() {
	if command -v apt-get >/dev/null 2>&1; then
		need="bmake gcc libc6-dev procps openssl postfix opendkim
		    opendkim-tools clamav-daemon clamav-milter libmilter-dev"
		test $job = demo || need="$need kyua libatf-dev atf-sh
		    pkg-config clang clang-tidy libclang-rt-14-dev mandoc
		    musl-tools valgrind qemu-user-static python3-venv file
		    binutils shellcheck ca-certificates m4 python3-milter
		    libsendmail-pmilter-perl opendmarc spamass-milter
		    spamassassin spamd spamc rspamd sqlite3 postgresql
		    mariadb-server-core mariadb-client-core python3 unbound
		    libsasl2-modules sasl2-bin milter-greylist milter-regex
		    amavisd-milter busybox mksh curl prometheus"
		# Of what opendmarc wants for a data base this is the least.
		test $job = demo || apt_has opendmarc 2>/dev/null ||
		    apt_has dbconfig-mysql 2>/dev/null ||
		    need="$need dbconfig-no-thanks"
		# shellcheck disable=SC2046
		need=$(missing apt_has $(apt_offered $need))
		test -z "$need" || {
			say "installing: $need"
			as_root sh "$PWD/mk/run.sh" apt $need
		}
	elif [ "$(uname)" = FreeBSD ] || [ "$(uname)" = DragonFly ]; then
		# libmilter, kyua and atf are FreeBSD's own.
		need="postfix opendkim clamav"
		test $job = demo || need="$need pkgconf mandoc valgrind
		    shellcheck llvm opendmarc spamass-milter spamassassin
		    rspamd sqlite3 unbound milter-greylist python3 curl
		    prometheus"
		need=$(missing "pkg info -e" $need)
		test -z "$need" || {
			say "installing: $need"
			as_root env ASSUME_ALWAYS_YES=yes pkg install $need
		}
	elif command -v pkgin >/dev/null 2>&1; then
		need="postfix opendkim clamav libmilter"
		test $job = demo || need="$need pkgconf clang mandoc shellcheck
		    opendmarc spamass-milter spamassassin rspamd sqlite3 unbound
		    milter-greylist curl"
		need=$(missing "pkg_info -e" $need)
		test -z "$need" || {
			say "installing: $need"
			as_root pkgin -y install $need
		}
	elif [ "$(uname)" = OpenBSD ]; then
		need="postfix-- opendkim clamav libmilter"
		test $job = demo || need="$need kyua atf shellcheck sqlite3
		    python3 curl"
		need=$(missing "pkg_info -e" $need)
		test -z "$need" || {
			say "installing: $need"
			as_root pkg_add -I $need
		}
	elif command -v apk >/dev/null 2>&1; then
		need="bmake gcc musl-dev openssl postfix opendkim
		    opendkim-utils clamav-daemon clamav-milter libmilter-dev"
		test $job = demo || need="$need kyua atf-dev pkgconf clang
		    clang-extra-tools mandoc valgrind python3 file binutils
		    shellcheck qemu-mips qemu-s390x sqlite mariadb
		    mariadb-client unbound cyrus-sasl procps curl
		    prometheus"
		need=$(missing "apk info -e" $need)
		test -z "$need" || {
			say "installing: $need"
			as_root apk add $need
		}
	elif command -v dnf >/dev/null 2>&1; then
		need="bmake gcc openssl procps-ng postfix opendkim
		    opendkim-tools clamd clamav-milter sendmail-milter-devel"
		test $job = demo || need="$need kyua libatf-c-devel libatf-sh
		    pkgconf clang clang-tools-extra compiler-rt libasan
		    libubsan mandoc musl-gcc valgrind qemu-user-static python3
		    file binutils ShellCheck sqlite postgresql-server
		    mariadb-server unbound cyrus-sasl cyrus-sasl-plain
		    curl"
		need=$(missing "rpm -q" $need)
		test -z "$need" || {
			say "installing: $need"
			as_root dnf -y install $need
		}
	else
		say "no package manager that is known here; using what there is"
	fi
}

make_command() {
	if command -v bmake >/dev/null 2>&1; then
		echo bmake
	elif [ "$(uname)" != Linux ] && command -v make >/dev/null 2>&1; then
		echo make
	else
		echo "bmake is needed" >&2
		exit 69
	fi
}

if [ "$job" = apt ]; then
	apt_install "$@"
	exit 0
fi
install_missing
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
make=$(make_command)
case $job in
demo)
	say "building"
	$make all
	say "running the demonstration"
	exec $make demo
	;;
test)
	exec $make test-all
	;;
esac
