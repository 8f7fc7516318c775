#!/usr/bin/perl
# The parameters that the founding documents name, but for those of AUTH, of
# places and of names of a machine: each is there, and its default is what
# Postfix has today.  Where the documents have another one (1000s between queue
# runs, a limit without a value), it has changed since.
use strict;
use warnings;

use lib "t/lib";
use File::Temp qw(tempdir);
use Test::More;
use Weir;

my $dir = tempdir("weir-defaults-XXXXXX", TMPDIR => 1, CLEANUP => 1);
for (["main.cf", "compatibility_level = 3.6\n"], ["master.cf", ""]) {
	open my $f, ">", "$dir/$_->[0]" or die;
	print $f $_->[1];
	close $f;
}

# The lines that a postconf prints of all defaults.
sub defaults {
	my (@program) = @_;
	my %value;

	open my $f, "-|", @program, "-c", $dir, "-d" or die;
	while (<$f>) {
		chomp;
		$value{$1} = $_ if /^(\w+) =/;
	}
	return \%value;
}

my $ours = defaults(Weir::program(), "postconf");
my $theirs = -x "/usr/sbin/postconf" ? defaults("/usr/sbin/postconf") : undef;
while (my $line = <DATA>) {
	chomp $line;
	my ($row, $want) = split / /, $line, 2;
	my ($name) = $want =~ /^(\w+)/;

	is $ours->{$name}, $want, "$row: $name";
	is $theirs->{$name}, $want, "$row: as Postfix" if $theirs;
}
done_testing;

__DATA__
P-001 access_map_reject_code = 554
P-002 alias_database = hash:/etc/aliases
P-004 allow_mail_to_commands = alias, forward
P-005 allow_mail_to_files = alias, forward
P-006 always_bcc =
P-008 body_checks =
P-009 body_checks_size_limit = 51200
P-010 bounce_size_limit = 50000
P-012 canonical_maps =
P-015 content_filter =
P-019 default_database_type = hash
P-020 default_destination_concurrency_limit = 20
P-021 default_destination_recipient_limit = 50
P-022 default_privs = nobody
P-023 default_process_limit = 100
P-024 default_transport = smtp
P-026 defer_transports =
P-027 delay_warning_time = 0h
P-028 disable_dns_lookups = no
P-029 disable_vrfy_command = no
P-030 double_bounce_sender = double-bounce
P-031 expand_owner_alias = no
P-032 fallback_transport =
P-033 fast_flush_domains = $relay_domains
P-034 fast_flush_refresh_time = 12h
P-036 forward_expansion_filter = 1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ
P-037 forward_path = $home/.forward${recipient_delimiter}${extension}, $home/.forward
P-038 header_checks =
P-039 header_size_limit = 102400
P-040 home_mailbox =
P-041 inet_interfaces = all
P-042 inet_protocols = all
P-044 initial_destination_concurrency = 5
P-045 invalid_hostname_reject_code = 501
P-046 line_length_limit = 2048
P-047 local_destination_concurrency_limit = 2
P-048 local_recipient_maps = proxy:unix:passwd.byname $alias_maps
P-049 local_transport = local:$myhostname
P-050 luser_relay =
P-053 mail_spool_directory = /var/mail
P-054 mailbox_command =
P-055 mailbox_command_maps =
P-056 mailbox_size_limit = 51200000
P-057 mailbox_transport =
P-061 maps_rbl_reject_code = 554
P-062 masquerade_classes = envelope_sender, header_sender, header_recipient
P-063 masquerade_domains =
P-064 masquerade_exceptions =
P-065 maximal_backoff_time = 4000s
P-066 maximal_queue_lifetime = 5d
P-067 message_size_limit = 10240000
P-068 milter_macro_daemon_name = $myhostname
P-069 mime_header_checks = $header_checks
P-070 minimal_backoff_time = 300s
P-074 mydestination = $myhostname, localhost.$mydomain, localhost
P-078 mynetworks_style = ${{$compatibility_level} <level {2} ? {subnet} : {host}}
P-079 myorigin = $myhostname
P-080 nested_header_checks = $header_checks
P-082 non_fqdn_reject_code = 504
P-083 notify_classes = resource, software
P-084 owner_request_special = yes
P-085 parent_domain_matches_subdomains = debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps
P-086 permit_mx_backup_networks =
P-088 proxy_interfaces =
P-091 queue_minfree = 0
P-092 queue_run_delay = 300s
P-094 receive_override_options =
P-095 recipient_canonical_classes = envelope_recipient, header_recipient
P-096 recipient_canonical_maps =
P-097 recipient_delimiter =
P-098 relay_clientcerts =
P-099 relay_domains = ${{$compatibility_level} <level {2} ? {$mydestination} : {}}
P-100 relay_domains_reject_code = 554
P-102 relay_recipient_maps =
P-103 relayhost =
P-104 relocated_maps =
P-106 sender_canonical_classes = envelope_sender, header_sender
P-107 sender_canonical_maps =
P-110 smtp_bind_address =
P-111 smtp_bind_address6 =
P-112 smtp_connect_timeout = 30s
P-114 smtp_dns_support_level =
P-115 smtp_generic_maps =
P-116 smtp_header_checks =
P-117 smtp_helo_timeout = 300s
P-118 smtp_pix_workaround_delay_time = 10s
P-119 smtp_randomize_addresses = yes
P-120 smtp_sasl_auth_enable = no
P-121 smtp_sasl_password_maps =
P-122 smtp_sasl_security_options = noplaintext, noanonymous
P-124 smtp_skip_5xx_greeting = yes
P-125 smtp_starttls_timeout = 300s
P-126 smtp_tls_CAfile =
P-127 smtp_tls_cert_file =
P-128 smtp_tls_key_file = $smtp_tls_cert_file
P-129 smtp_tls_note_starttls_offer = no
P-130 smtp_tls_policy_maps =
P-131 smtp_tls_security_level =
P-132 smtp_use_tls = no
P-134 smtpd_banner = $myhostname ESMTP $mail_name
P-135 smtpd_client_restrictions =
P-136 smtpd_data_restrictions =
P-137 smtpd_delay_reject = yes
P-138 smtpd_error_sleep_time = 1s
P-139 smtpd_hard_error_limit = ${stress?{1}:{20}}
P-140 smtpd_helo_required = no
P-141 smtpd_helo_restrictions =
P-142 smtpd_recipient_limit = 1000
P-143 smtpd_recipient_restrictions =
P-144 smtpd_reject_unlisted_recipient = yes
P-145 smtpd_relay_restrictions = ${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}
P-146 smtpd_restriction_classes =
P-152 smtpd_sender_login_maps =
P-153 smtpd_sender_restrictions =
P-154 smtpd_soft_error_limit = 10
P-155 smtpd_tls_ask_ccert = no
P-157 smtpd_tls_CAfile =
P-158 smtpd_tls_CApath =
P-159 smtpd_tls_cert_file =
P-160 smtpd_tls_key_file = $smtpd_tls_cert_file
P-161 smtpd_tls_received_header = no
P-162 smtpd_tls_security_level =
P-163 smtpd_tls_wrappermode = no
P-164 smtpd_use_tls = no
P-165 soft_bounce = no
P-166 strict_rfc821_envelopes = no
P-169 transport_maps =
P-170 unknown_address_reject_code = 450
P-171 unknown_client_reject_code = 450
P-172 unknown_hostname_reject_code = 450
P-174 virtual_alias_domains = $virtual_alias_maps
P-175 virtual_alias_maps = $virtual_maps
P-176 virtual_gid_maps =
P-177 virtual_mailbox_base =
P-178 virtual_mailbox_domains = $virtual_mailbox_maps
P-179 virtual_mailbox_maps =
P-180 virtual_transport = virtual
P-181 virtual_uid_maps =
