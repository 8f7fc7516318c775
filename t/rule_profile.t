#!/usr/bin/perl
# weir status --rules: what the rules of pattern tables do, live, across
# reloads and restarts, and when nothing runs.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $main = <<'EOT';
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:x/
virtual_transport = discard
header_checks = pcre:$dir/etc/headers
body_checks = regexp:$dir/etc/body
smtpd_sender_restrictions = check_sender_access pcre:$dir/etc/access
EOT
my %files = (
	headers => "/^Subject: no/ REJECT\n# a comment\nif /^X-/\n" .
	    "/^X-Foo: (.*)/ INFO \$1\nendif\n/never/ REJECT\n",
	body => "/spam/ WARN spam\n",
	access => "/^bad\@/ REJECT\n",
);
my $w = Weir->new(main => $main, files => \%files);

sub mail {
	my ($subject, $body, $from) = @_;

	return $w->send_mail(to => 'user@example.org',
	    from => $from // 'a@example.com',
	    data => "Subject: $subject\r\nX-Foo: 1\r\nX-Bar: 2\r\n\r\n$body\r\n");
}

sub rules {
	my ($status, $text) = $w->command("status", "--rules");

	return $status == 0 ? $text : "status $status: $text";
}

sub shows {
	my ($pattern, $name) = @_;

	ok $w->wait_for(sub { rules() =~ $pattern }), $name or diag rules();
}

like mail("yes", "spam\r\nham\r\nspam"), qr/^250/, "a message";
like mail("no", "text"), qr/^550/, "a bad one";
like mail("yes", "text", 'bad@example.com'), qr/^554/, "a bad sender";
my $when = qr/20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/;
shows qr{^/\S+/headers:\ 3\ of\ 4\ rules\ have\ matched\n
    \s+hits\s+last\s+rule\n
    \s+2\s+$when\s+\S+/headers:3\n
    \s+1\s+$when\s+\S+/headers:1\n
    \s+1\s+$when\s+\S+/headers:4\n
    never\ matched:\ lines\ 6\n}mx, "header_checks with file and line";
shows qr{/body: 1 of 1 rules.*\n.*\n\s+2\s+$when\s+\S+/body:1\n}, "body_checks";
shows qr{/access: 1 of 1 rules.*\n.*\n\s+1\s+$when\s+\S+/access:1\n}, "access";

# Another generation goes on counting; a rule that moves takes its counts along.
$files{headers} = "/new/ REJECT\n$files{headers}";
my ($status, $text) = $w->reconfigure(main => $main .
    "weir_rule_times = yes\n", files => \%files);
is $status, 0, "reload, with times" or diag $text;
like mail("no", "text"), qr/^550/, "a bad one";
# Our own Received: is tried, too.
shows qr{/headers:\ 3\ of\ 5\ rules\ have\ matched\n
    \s+hits\s+last\s+tries\s+time/ms\s+us/try\s+rule\n
    (?:.*\n)*
    \s+2\s+$when\s+2\s+[\d.]+\s+[\d.]+\s+\S+/headers:2\n
    (?:.*\n)*
    \s+0\s+never\s+2\s+[\d.]+\s+[\d.]+\s+\S+/headers:1\n
    (?:.*\n)*never\ matched:\ lines\ 1,\ 7\n}mx, "the counts go on";

is $w->stop, 0, "the gateway ends";
like rules(), qr{\s+2\s+$when.*/headers:2\n}, "what is known stays known";
$w->start;
like mail("no", "text"), qr/^550/, "a bad one";
shows qr{\s+3\s+$when\s.*/headers:2\n}, "after a restart";
($status) = $w->command("status", "--rule");
isnt $status, 0, "another option is none";
is $w->stop, 0, "the end";
is $w->complaints, "", "no complaints";
done_testing;
