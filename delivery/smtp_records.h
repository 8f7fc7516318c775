/* smtp_records.h - records of DNS answers that the admin does not want to be used
 * (smtp_dns_reply_filter). */
#ifndef DELIVERY_SMTP_RECORDS_H
#define DELIVERY_SMTP_RECORDS_H

struct arena;
struct dns_question;
struct table_list;
struct world;

enum smtp_records {
	SMTP_RECORDS_KEPT,   /* at least one; or there was none before */
	SMTP_RECORDS_GONE,   /* all that there were are to be ignored */
	SMTP_RECORDS_FAILED, /* a table cannot be asked, or says what is not
			      * understood, and the log says so */
};

/* smtp_records_filter(tables, world, arena, question): ask ${tables} (NULL: none) about
 * each record of the answer to ${question}, and leave out what is to be ignored.
 * May block. */
enum smtp_records smtp_records_filter(const struct table_list *tables,
    struct world *world, struct arena *arena, struct dns_question *question);

#endif
