#!/usr/bin/perl
# The founding documents' example of users who love and hate unwanted mail
# (S-150), for a site that keeps its Postfix: Weir is its policy server, and its
# milter; who is who is in a hash, an SQL, an LDAP and a Redis table, and in what
# weir class keeps.  swaks brings the mail.  S-227: asked only for what has
# passed what stands before.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Postfix;

plan skip_all => "no Postfix, or not root"
    if !-x "/usr/sbin/postfix" || $> != 0;
plan skip_all => "no swaks" if !-x "/usr/bin/swaks";

my $w = Weir->new(start => 0);
my $dir = $w->{dir};
my ($me, @servers) = $$;
END {
	local $?;
	if ($$ == ($me // 0)) {
		system("sh", "t/lib/server.sh", "stop", $_) for @servers;
	}
}

sub server {
	my ($kind, $init) = @_;
	my $place = "$dir/$kind";

	mkdir $place;
	chmod 0755, $place;
	$w->write_file("$place/init", $init);
	is system("sh", "t/lib/server.sh", "start", $kind, $place,
	    $w->port($kind)), 0, "$kind serves"
	    or diag Weir::read_file("$place/log");
	push @servers, $place;
}

# Who is who, in each kind of table.
my %users = ("abelard" => "spamhater", "heloise" => "spamlover");
my %tables = (hash => "hash:$dir/etc/per_user_ube", class => '$weir_class_table');
my %files = (per_user_ube => join "", map { "$_\@example.com $users{$_}\n" }
    sort keys %users);

if (-x "/usr/bin/sqlite3") {
	$tables{sql} = "sqlite:$dir/etc/sql.cf";
	$files{"sql.cf"} = "dbpath = $dir/users.db\n" .
	    "query = SELECT class FROM users WHERE address = '%s'\n";
	is system("sqlite3", "$dir/users.db", "CREATE TABLE users (address, class);" .
	    join "", map { "INSERT INTO users VALUES ('$_\@example.com', '$users{$_}');" }
	    keys %users), 0, "a database";
}
if (-x "/usr/sbin/slapd" && -d "/etc/ldap/schema") {
	$tables{ldap} = "ldap:$dir/etc/ldap.cf";
	$files{"ldap.cf"} = <<EOT;
server_host = 127.0.0.1
server_port = ${\ $w->port("ldap")}
search_base = dc=example, dc=com
query_filter = (mail=%s)
result_attribute = employeeType
timeout = 30
EOT
	server("ldap", "dn: dc=example,dc=com\nobjectClass: organization\n" .
	    "objectClass: dcObject\no: x\ndc: example\n\n" . join "", map {
	    "dn: uid=$_,dc=example,dc=com\nobjectClass: inetOrgPerson\n" .
	    "sn: x\ncn: $_\nuid: $_\nmail: $_\@example.com\n" .
	    "employeeType: $users{$_}\n\n" } keys %users);
}
if (-x "/usr/bin/redis-server") {
	$tables{redis} = "redis:$dir/etc/redis.cf";
	$files{"redis.cf"} = "host = 127.0.0.1\nport = " . $w->port("redis") .
	    "\npassword = secret\nprefix = ube:\ntimeout = 30\n";
	$ENV{TLS_PORT} = $w->port("redis-tls");
	server("redis", join "", map {
	    "SET ube:$_\@example.com $users{$_}\n" } keys %users);
}

# The example as it is written there, with its old names.
my $main = <<'EOT';
smtpd_restriction_classes = spamlover, spamhater
spamhater = reject_invalid_hostname, reject_non_fqdn_hostname,
    reject_unknown_sender_domain, reject_rbl_client nospam.example.com
spamlover = permit
smtpd_recipient_restrictions = check_recipient_access hash:$dir/etc/per_user_ube
weir_dnsbl_self_test = no
EOT
my (%policy, %milter);
my $master = "";
for my $kind (sort keys %tables) {
	($policy{$kind}, $milter{$kind}) =
	    map { $w->port("$_-$kind") } qw(policy milter);
	$master .= "127.0.0.1:$policy{$kind} inet n - n - - policy\n$_" .
	    "127.0.0.1:$milter{$kind} inet n - n - - milter\n$_"
	    for "  -o { smtpd_recipient_restrictions = check_recipient_access $tables{$kind} }\n";
}
$w->names(<<'EOT');
5.2.0.192.nospam.example.com A 127.0.0.2
5.2.0.192.nospam.example.com TXT listed
good.example A 192.0.2.9
EOT
$w->configure(main => $main, master => $master, files => \%files);
is +($w->command("postmap", "hash:$dir/etc/per_user_ube"))[0], 0, "postmap";
is +($w->command("class", "set", "$_\@example.com", $users{$_}))[0], 0,
    "weir class set $_" for sort keys %users;
ok $w->start, "Weir starts" or diag $w->log;

# Their Postfix.
my (%at, $services);
my $sink = $w->sink("sink");
for my $kind (sort keys %tables) {
	my ($p, $m) = map { $at{"$_ $kind"} = $w->port("smtp-$_-$kind") }
	    qw(policy milter);
	$services .= <<EOT;
127.0.0.1:$p inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_sender_access inline:{{first\@good.example = REJECT before}}, check_policy_service inet:127.0.0.1:$policy{$kind} }
127.0.0.1:$m inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_sender_access inline:{{first\@good.example = REJECT before}} }
  -o smtpd_milters=inet:127.0.0.1:$milter{$kind}
EOT
}
my $postfix = Weir::Postfix->start("$dir/postfix", port => $w->port("postfix"),
    main => <<EOT, master => $services);
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${\ $w->port("sink")}
mynetworks = 192.0.2.77/32
smtpd_authorized_xclient_hosts = 127.0.0.1
EOT
$w->wait_port($_) for values %at;

# What swaks is told at RCPT, or in the end.
sub swaks {
	my ($where, $to, %arg) = @_;
	my $said = join "", grep { /^<[-~*]/ } split /^/, scalar qx(swaks --server 127.0.0.1 --port $at{$where} \\
	    --helo '${\ ($arg{helo} // "mail.good.example")}' \\
	    --xclient-name x.good.example \\
	    --xclient-addr '${\ ($arg{addr} // "192.0.2.6")}' \\
	    --from '${\ ($arg{from} // 'a@good.example')}' \\
	    --to '$to' --timeout 110 2>&1);

	return $said =~ /^<\*\* ([45]\d\d .*?)\s*$/m ? $1 :
	    $said =~ /^<-  (250 .*queued as \w+)/m ? "taken" : $said;
}

for my $where (sort keys %at) {
	my ($hater, $lover, $other) =
	    map { "$_\@example.com" } qw(abelard heloise petrus);

	is swaks($where, $hater), "taken", "$where: good mail for the hater";
	like swaks($where, $hater, addr => "192.0.2.5"),
	    qr/^554 5\.7\.1 .*blocked using nospam\.example\.com; listed/,
	    "$where: a listed client";
	like swaks($where, $hater, helo => "bad_..name"),
	    qr/^501 5\.5\.2 .*Helo command rejected: Invalid name/,
	    "$where: a bad name";
	like swaks($where, $hater, helo => "name"),
	    qr/^504 5\.5\.2 .*Helo command rejected: need fully-qualified hostname/,
	    "$where: half a name";
	like swaks($where, $hater, from => 'a@nowhere.example'),
	    qr/^450 4\.1\.[28] .*Sender address rejected: Domain not found/,
	    "$where: a sender of nowhere";
	is swaks($where, $lover, addr => "192.0.2.5", helo => "bad_..name",
	    from => 'a@nowhere.example'), "taken", "$where: the lover takes all";
	is swaks($where, $other, addr => "192.0.2.5"), "taken",
	    "$where: who has said nothing, too";
	like swaks($where, 'x@elsewhere.example'), qr/^[45]54 .*Relay access denied/,
	    "$where: no relay";
	like swaks($where, $hater, from => 'first@good.example'), qr/^554 .*before/,
	    "$where: Postfix's own restrictions come first";
}
my ($status, $why) = $w->command("explain", 'abelard@example.com');
is $status, 0, "weir explain";
like $why, qr/spamhater.*reject_unknown_sender_domain/s, "names the class and what refused"
    or diag $why;

# From the next request on.
for my $where ("policy class", "milter class") {
	is swaks($where, 'petrus@example.com', addr => "192.0.2.5"), "taken",
	    "$where: petrus is nobody";
	is +($w->command("class", "set", 'petrus@example.com', "spamhater"))[0], 0,
	    "weir class set";
	like swaks($where, 'petrus@example.com', addr => "192.0.2.5"),
	    qr/^554 5\.7\.1 .*blocked using/, "$where: and hates it now";
	is +($w->command("class", "unset", 'petrus@example.com'))[0], 0,
	    "weir class unset";
}
$postfix->stop;
is $w->stop, 0, "Weir stops";
is $w->complaints, "", "without complaint";

done_testing;
