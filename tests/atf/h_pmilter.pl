#! /usr/bin/env perl
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_pmilter.pl - the filter of h_libmilter_edit.c once more, over
# Sendmail::PMilter, which speaks the protocol itself, and only version 2.
# Owns:      edits at end of message, verdicts by stage, a log of all it saw.
# Called by: h_milters.sh.
# Must not:  know whether an MTA or the daemon is at the other end.
#
# usage: h_pmilter.pl -p SPEC [-l LOG] [-s SCRIPT]; the script's lines are
# those of h_libmilter_edit.c without w, E, f, F, i and replies of several
# lines, which this library does not have.

use strict;
use warnings;

use Getopt::Std;
use Sendmail::PMilter qw(:all);
use Sendmail::PMilter::Context;
use Socket;

my @macros = qw(j _ v {daemon_name} {daemon_addr} {client_addr} {client_name}
    {client_ptr} {if_name} {if_addr} {tls_version} {cipher} {cert_subject}
    {auth_type} {auth_authen} {auth_author} i {mail_mailer} {mail_host}
    {mail_addr} {rcpt_mailer} {rcpt_host} {rcpt_addr} {msg_id});
my %words = (accept => SMFIS_ACCEPT, reject => SMFIS_REJECT,
    tempfail => SMFIS_TEMPFAIL, discard => SMFIS_DISCARD);
my (%option, @edits, @rules, $log, $noted, $inside);

sub printable {
	my $s = shift;

	$s =~ s/([^ -\[\]-~])/sprintf("\\x%02x", ord($1))/ges;
	return $s;
}

# Each session is a process of its own: a line is one write at the end.
sub write_line {
	syswrite($log, "s$$ $_[0]\n") if defined $log;
}

sub note {
	my ($ctx, $stage, $with, @args) = @_;

	# There is no callback for the negotiation.
	write_line('negotiate') unless $noted++;
	my $line = $stage;
	$line .= ' <' . printable($_) . '>' for @args;
	if ($with) {
		for my $name (@macros) {
			my $value = $ctx->getsymval($name);
			# Its library keeps the braces that come.
			$line .= " $name=" . printable($value)
			    if defined $value;
		}
	}
	write_line($line);
}

sub verdict {
	my ($ctx, $stage, $what) = @_;

	$inside = $stage ne 'eom' if $stage !~ /^(connect|helo)$/;
	for my $rule (@rules) {
		my ($at, $part, $action) = @$rule;
		next if $at ne $stage || index($what, $part) < 0;
		$inside = 0 if $stage ne 'rcpt' ||
		    $action =~ /^(accept|discard)$/;
		return $words{$action} if exists $words{$action};
		my ($code, $xcode, $text) = split / /, $action, 3;
		$ctx->setreply($code, $xcode, $text);
		return $code =~ /^4/ ? SMFIS_TEMPFAIL : SMFIS_REJECT;
	}
	return SMFIS_CONTINUE;
}

sub forget {
	$_[0]->setpriv({ sender => $_[1], body => '' });
}

sub apply {
	my ($ctx, $letter, $arg) = @_;
	my $index = 0;

	($index, $arg) = split / /, $arg, 2 if $letter =~ /[cd]/;
	my ($name, $value) = split /: ?/, $arg, 2;
	if ($letter eq 'a') {
		$ctx->addheader($name, $value);
	} elsif ($letter eq 'c') {
		$ctx->chgheader($name, $index, $value);
	} elsif ($letter eq 'd') {
		$ctx->chgheader($arg, $index, '');
	} elsif ($letter eq 'A') {
		$ctx->addrcpt($arg);
	} elsif ($letter eq 'D') {
		$ctx->delrcpt($arg);
	} elsif ($letter eq 'q') {
		$ctx->quarantine($arg);
	} elsif ($letter eq 'b') {
		$ctx->replacebody($ctx->getpriv()->{body} . "$arg\r\n");
	} elsif ($letter eq 'B') {
		open my $f, '<:raw', $arg or die "$arg: $!";
		local $/;
		my $all = <$f>;
		$ctx->replacebody(defined $all ? $all : '');
	}
}

my %callbacks = (
	connect => sub {
		my ($ctx, $host, $addr) = @_;
		my $ip = '-';

		$ip = inet_ntoa((unpack_sockaddr_in($addr))[1])
		    if defined $addr && sockaddr_family($addr) == AF_INET;
		forget($ctx, '');
		note($ctx, 'connect', 1, $host, $ip);
		return verdict($ctx, 'connect', $host);
	},
	helo => sub {
		my ($ctx, $name) = @_;

		note($ctx, 'helo', 1, $name);
		return verdict($ctx, 'helo', $name);
	},
	envfrom => sub {
		my ($ctx, @args) = @_;

		forget($ctx, $args[0]);
		note($ctx, 'mail', 1, @args);
		return verdict($ctx, 'mail', $args[0]);
	},
	envrcpt => sub {
		my ($ctx, @args) = @_;

		note($ctx, 'rcpt', 1, @args);
		return verdict($ctx, 'rcpt', $args[0]);
	},
	header => sub {
		my ($ctx, $name, $value) = @_;

		note($ctx, 'header', 0, $name, $value);
		return verdict($ctx, 'header', $name);
	},
	eoh => sub {
		my ($ctx) = @_;

		note($ctx, 'eoh', 1);
		return verdict($ctx, 'eoh', $ctx->getpriv()->{sender});
	},
	body => sub {
		my ($ctx, $chunk) = @_;

		$ctx->getpriv()->{body} .= $chunk;
		return verdict($ctx, 'body', $ctx->getpriv()->{sender});
	},
	eom => sub {
		my ($ctx) = @_;
		my $own = $ctx->getpriv();

		note($ctx, 'eom', 1, 'body=' . length($own->{body}) .
		    ' sum=' . unpack('%32C*', $own->{body}));
		for my $edit (@edits) {
			my ($letter, $only, $arg) = @$edit;
			apply($ctx, $letter, $arg) if !defined $only ||
			    index($own->{sender}, $only) >= 0;
		}
		return verdict($ctx, 'eom', $own->{sender});
	},
	abort => sub {
		# Postfix sends more of these than there are messages to abort;
		# libmilter takes the others out, its library does not.
		note($_[0], 'abort', 0) if $inside;
		$inside = 0;
		return SMFIS_CONTINUE;
	},
	close => sub {
		# Somebody looked whether we listen, and said nothing.
		note($_[0], 'close', 0) if $noted;
		return SMFIS_CONTINUE;
	},
);

getopts('p:l:s:', \%option) && defined $option{p} or
    die "usage: h_pmilter.pl -p SPEC [-l LOG] [-s SCRIPT]\n";
if (defined $option{l}) {
	open $log, '>>', $option{l} or die "$option{l}: $!\n";
}
if (defined $option{s}) {
	my $only;

	open my $f, '<', $option{s} or die "$option{s}: $!\n";
	while (<$f>) {
		chomp;
		next if $_ eq '' || /^#/;
		s/\\n/\n/g;
		my ($letter, $arg) = (substr($_, 0, 1), substr($_, 2));
		if ($letter eq 'W') {
			$only = $arg;
		} elsif ($letter eq 'v') {
			my ($place, $action) = split /=/, $arg, 2;
			my ($stage, $part) = split /:/, $place, 2;
			push @rules, [$stage, defined $part ? $part : '',
			    $action];
		} else {
			push @edits, [$letter, $only, $arg];
		}
	}
}
# The MTA that connects to a socket in the file system is not us.
umask 0;
# The sessions it forks are nobody's to wait for.
$SIG{PIPE} = 'IGNORE';
my $milter = Sendmail::PMilter->new;
$milter->set_listen(100);
$milter->setconn($option{p}) or exit 1;
$milter->register('h_pmilter', \%callbacks,
    SMFI_CURR_ACTS | SMFIF_QUARANTINE);
$milter->main();
