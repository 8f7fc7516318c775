#!/usr/bin/perl
# Mail that comes back to where it was: through transports of mailboxes, aliases
# and .forward files, with and without a server in between.  Each circle ends
# with a bounce that says why, or, where it leads to ourselves as to a server, waits
# for the administrator to mend that; sendmail -bv of it ends as well.
# L-49, L-50, P-050; hostile 120.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Users;

my $why = Weir::Users::enter(qw(anna bert carl dora));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();
Weir::Users::clean();
Weir::Users::put("dora", ".forward", "dora\@here.example\n");

# What goes to here.example is for us again.
my $main = <<"EOT";
myorigin = example.com
mydestination = example.com
virtual_alias_domains = here.example
mail_spool_directory = $d/spool
local_recipient_maps =
transport_maps = inline:{ {sender.example = discard:} }
virtual_alias_maps = inline:{ {\@here.example = \@example.com} }
alias_maps = inline:{ {out = out\@here.example}, {postmaster = postmaster\@sender.example}, {one = two}, {two = one} }
EOT
my $w = Weir->new(start => 0);

sub settings {
	my ($more) = @_;

	$w->stop if $w->{pid};
	$w->configure(main => $main . $more, master => "pickup unix n - n 60 1 pickup\n");
	$w->start;
}

# How a message to it ends.
sub ends {
	my ($to, $pattern, $name) = @_;
	my $before = length $w->log;

	like $w->send_mail(to => "$to\@example.com", from => 's@sender.example', data => "Subject: x\r\n\r\nx\r\n"),
	    qr/^250 /, "$name: taken";
	my $new;
	ok $w->wait_for(sub {
		$new = substr $w->log, $before;
		my %open = map { $_ => 1 } $new =~ /qmgr\[\d+\]: (\w+): from=/g;
		delete $open{$_} for $new =~ /qmgr\[\d+\]: (\w+): removed/g;
		delete $open{$_} for $new =~ /: (\w+): to=.*status=deferred/g;
		return $new =~ /qmgr/ && !%open;
	}, 60), "$name: it ends";
	like $new, $pattern, $name or diag $new;
}

settings("");
ends("one", qr/to=<(one|two)\@example.com>.*dsn=5\.\d+\.\d+, status=bounced/, "aliases of each other");
ends("out", qr/status=bounced \(mail forwarding loop for out\@example.com\)/, "an alias for what comes back");
ends("dora", qr/status=bounced \(mail forwarding loop for dora\@example.com\)/, "a .forward file");
settings("mailbox_transport = smtp:[127.0.0.1]:$w->{port}\n");
ends("anna", qr/status=bounced \(host \S+ said: 554 5\.4\.0 Error: too many hops/, "mailbox_transport");
settings("fallback_transport = smtp:[127.0.0.1]:$w->{port}\n");
ends("nobody-knows", qr/status=bounced \(host \S+ said: 554 5\.4\.0 Error: too many hops/, "fallback_transport");
settings("luser_relay = \$user\@here.example\n");
ends("nobody-knows", qr/status=bounced \(mail forwarding loop for nobody-knows\@example.com\)/, "luser_relay");

# The same circles, only asked.
is_deeply [$w->sendmail("", "-bv", "-f", "s\@sender.example", "one", "out", "dora", "nobody-knows", "carl")],
    [0, "Mail Delivery Status Report will be mailed to <s\@sender.example>.\n"], "sendmail -bv";
ok $w->wait_log("carl\\\@example.com>, .*status=deliverable \\(delivers to mailbox\\)"), "is answered";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
