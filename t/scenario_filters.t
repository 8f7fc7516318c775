#!/usr/bin/perl
# The founding documents' filters behind the queue, as an admin would type them
# in, and headers that do not go out: S-152, S-164 to S-167; X-06, X-08, X-10,
# X-11, X-20 to X-27, X-40 to X-43, X-48.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Filter;
use Weir::Scenario;

plan skip_all => "pipe services want another user: not root" if $> != 0;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.org, example.net
relay_recipient_maps =
relay_transport = relay:[127.0.0.1]:${port:hop}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_authorized_xclient_hosts = 127.0.0.1
EOT
my $hop = $w->sink("hop");
my ($in, $in2, $same, $back) = map { $w->port($_) } qw(in in2 same back);
my $pickup = "pickup unix n - n 60 1 pickup\n";
my $count = 0;

$w->peer(sub {
	Weir::Filter::serve($in, $back, mark => "one",
	    refuse => [qr/virus/, "550 5.7.1 a virus was found"]);
});
$w->peer(sub { Weir::Filter::serve($in2, $in, mark => "two") });
$w->peer(sub {
	Weir::Filter::serve($same, $back, mark => "same",
	    name => "mail.example.com");
});
$w->wait_port($_) for $in, $in2, $same;

# The listener that a filter gives mail back to, as in the book.
my $behind = <<"EOT";
localhost:$back inet n - n - 10 smtpd
  -o content_filter=
  -o local_recipient_maps=
  -o mynetworks=127.0.0.0/8
  -o smtpd_helo_restrictions=
  -o smtpd_client_restrictions=
  -o smtpd_sender_restrictions=
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
EOT

sub empty {
	return ok $w->wait_for(sub { ($w->command("mailq"))[1] =~ /is empty/ }),
	    "nothing is left in the queue";
}

# All copies of a message that arrive, once it has left the queue.
sub copies {
	my ($mark) = @_;
	my $found = sub { grep { /^Subject: $mark\r$/m } $w->messages($hop, 0) };

	$w->wait_for(sub { scalar(my @m = $found->()) }) or diag $w->log;
	empty();
	return $found->();
}

sub by_smtp {
	my ($what, $text) = @_;
	my $mark = "mark" . ++$count;

	like $w->send_mail(from => 'me@example.net', to => 'you@example.org',
	    data => "Subject: $mark\r\n\r\n" . ($text // "text") . "\r\n"),
	    qr/^250 /, "$what: taken";
	return $mark;
}

sub by_sendmail {
	my ($what) = @_;
	my $mark = "mark" . ++$count;
	my ($status) = $w->sendmail("Subject: $mark\n\ntext\n",
	    "-f", 'me@example.net', 'you@example.org');

	is $status, 0, "$what: taken";
	return $mark;
}

# Arrives once, with these marks, the last filter's first; the message.
sub marked {
	my ($mark, $want, $what) = @_;
	my @copies = copies($mark);

	is scalar @copies, 1, "$what: once";
	is join(" ", ($copies[0] // "") =~ /^X-Mark: (\w+)/mg), $want,
	    "$what: filtered by " . ($want || "none");
	return $copies[0] // "";
}

subtest "S-165: a filter by SMTP" => sub {
	$w->take("content_filter = chkmsg:[127.0.0.1]:$in\n",
	    master => $pickup . $behind . <<'EOT');
chkmsg unix - - n - 10 smtp
  -o myhostname=localhost
EOT
	marked(by_smtp("SMTP"), "one", "SMTP");
	marked(by_sendmail("sendmail"), "one", "sendmail");
	my $mark = by_smtp("what it refuses", "virus");
	ok $w->wait_for(sub {
		return grep { /^X-To: <me\@example\.net>/m && /\b$mark\b/ &&
		    /550 5\.7\.1 a virus was found/ } $w->messages($hop, 0);
	}), "comes back to its sender with the filter's text";
	empty();
	is scalar $w->rcpt('you@example.org', port => $back,
	    xclient => "ADDR=192.0.2.1 NAME=x.example"),
	    "554 5.7.1 <you\@example.org>: Recipient address rejected: Access denied",
	    "others cannot go round the filter";
};

subtest "X-11: a filter that has our name" => sub {
	my $chkmsg = "chkmsg unix - - n - 10 smtp\n";
	my $main = "content_filter = chkmsg:[127.0.0.1]:$same\n";

	# As with Postfix of today, which only minds it on port 25.
	$w->take($main, master => $chkmsg . $behind);
	marked(by_smtp("our name"), "same", "our name on another port");
	$w->take($main, master => "$chkmsg  -o myhostname=localhost\n" . $behind);
	marked(by_smtp("another name"), "same", "another name for the client");
};

subtest "S-166: Vexira" => sub {
	$w->take("content_filter = smtp:[127.0.0.1]:$in\n", master => $behind);
	marked(by_smtp("SMTP"), "one", "SMTP");
};

subtest "S-167: two filters" => sub {
	$w->take("content_filter = smtp:[127.0.0.1]:$in2\n", master => $behind);
	marked(by_smtp("SMTP"), "one two", "SMTP");
};

subtest "S-164: a filter by pipe" => sub {
	mkdir "$w->{dir}/$_" for "bin", "kept";
	chmod 01777, "$w->{dir}/kept";
	symlink Weir::program(), "$w->{dir}/bin/sendmail";
	$w->write_file("$w->{dir}/bin/simple_filt", <<'EOT');
#!/bin/sh
in=$dir/kept/in.$$
{ echo "X-Mark: pipe"; cat; } >$in || exit 75
$dir/bin/sendmail -G -i "$@" <$in
status=$?
rm -f $in
exit $status
EOT
	chmod 0755, "$w->{dir}/bin/simple_filt";
	$w->take("", smtpd => "  -o content_filter=filter:",
	    master => $w->expand($pickup . <<'EOT'));
filter unix - n n - - pipe
  flags=Rq user=nobody argv=$dir/bin/simple_filt -f ${sender} -- ${recipient}
EOT
	my $m = marked(by_smtp("SMTP"), "pipe", "SMTP");
	is scalar(() = $m =~ /^Received: /mg), 2, "and comes back by sendmail";
	like $m, qr/^X-From: <me\@example\.net>/m, "with its sender";
	marked(by_sendmail("sendmail"), "", "sendmail");
};

subtest "S-152: what does not go out" => sub {
	$w->write_file("sent", "/^Received: .*/ IGNORE\n/^User-Agent: .*/ IGNORE\n");
	$w->take("smtp_header_checks = regexp:$w->{dir}/etc/sent\n");
	like $w->send_mail(to => 'you@example.org',
	    data => <<'EOT' =~ s/\n/\r\n/gr), qr/^250 /, "taken";
Received: from inner (inner [192.0.2.1])
	by inside.example.net
Subject: ignored
User-Agent: x
X-Other: User-Agent: y

Received: in the body
EOT
	my ($m) = copies("ignored");
	unlike $m =~ s/\r\n\r\n.*//sr, qr/^Received|^User-Agent|inside/m,
	    "the headers are gone";
	like $m, qr/^Subject: ignored\r\nX-Other: User-Agent: y\r\n/m,
	    "and no others";
	like $m, qr/\r\n\r\nReceived: in the body\r\n/,
	    "and nothing of the body";
};

is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
