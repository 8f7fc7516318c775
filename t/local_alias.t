#!/usr/bin/perl
# Aliases of the local agent: known at RCPT; what is for them waits, and is
# never bounced as unknown.
use strict;
use warnings;
use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { aliases => "sales somebody\@example.net\n" });
mydestination = example.org
local_recipient_maps = unix:passwd.byname $alias_maps
recipient_delimiter = +
alias_maps = texthash:$dir/etc/aliases
EOT
like $w->send_mail(to => 'sales@example.org', data => "Subject: a\r\n\r\n"),
    qr/^250/, "an alias is known";
ok $w->wait_log(qr/local\[\d+\]: \w+: to=<sales\@example\.org>, .*dsn=4\.3\.0, status=deferred \(alias sales: this version does not expand aliases\)/),
    "its mail waits" or diag $w->log;
like $w->send_mail(to => 'Sales+x@example.org', data => "Subject: b\r\n\r\n"),
    qr/^250/, "with an extension";
ok $w->wait_log(qr/to=<Sales\+x\@example\.org>, .*status=deferred/),
    "it waits, too";
like $w->send_mail(to => 'nobodyknows@example.org'), qr/^550 5\.1\.1 /,
    "what is neither alias nor user is refused";
my (undef, $check) = $w->command("check");
like $check, qr/main\.cf:\d+: alias_maps: .* are not expanded/,
    "weir check says so";
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
