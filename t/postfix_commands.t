#!/usr/bin/perl
# Commands that a table rewrites (smtpd_command_filter), beside Debian's Postfix.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $both = Weir::Beside->new(files => { commands => <<'EOT' }, world => "", main => <<'EOM', cases => <<'EOC');
/^(MAIL FROM:<.*>) +FOO=\d+$/	$1
/^HELP/	NOOP
/^RCPT\s+TO:<(.*)@old\.example>(.*)/	RCPT TO:<$1@relay.example>$2
/^EMPTY/	FROB
/^quiet/	  NOOP
EOT
relay_domains = relay.example
transport_maps = inline:{relay.example=discard:}
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_command_filter = pcre:$dir/commands
EOM
== rewritten
ehlo a
MAIL FROM:<a@b.tst> FOO=1
RCPT TO:<x@old.example>
RCPT TO:<y@old.example> NOTIFY=NEVER
rcpt z@relay.example
help me
EMPTY
HELP	x
quiet
MAIL FROM:<a@b.tst> FOO=x
MAIL from:<b@b.tst> foo=1
== not rewritten
ehlo a
mail a@b.tst
data
== an empty answer
= smtpd_command_filter = inline:{{NOOP=}}
ehlo a
NOOP
== a table that is not there
= smtpd_command_filter = pcre:$dir/nothing
ehlo a
NOOP
EOC
# Which table it is, and that it is not there, is said in our own words.
$both->compare(drop => qr/lookup error for|error: open|is unavailable/);
$both->finish;
