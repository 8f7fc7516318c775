/* content_stack.c - see content_stack.h. */
#include "classes/content_stack.h"

#include "checks/attachment_checks.h"
#include "checks/content_checks.h"
#include "checks/content_lists.h"
#include "checks/content_stage.h"
#include "checks/text_checks.h"
#include "classes/class_content.h"
#include "classes/recipient_content.h"

void
content_stack_tables(struct content_tables *tables, struct conf *conf,
    size_t header_size, size_t line_length, struct err *err)
{
	struct content_tables *t = tables;

	t->checks =
	    content_lists_open(conf, NULL, header_size, line_length, err);
	t->idle = content_lists_idle(t->checks);
	t->text = text_checks_open(conf, NULL, header_size, line_length, err);
	t->attachments =
	    attachment_checks_open(conf, NULL, header_size, line_length, err);
	t->classes = class_content_open(conf, header_size, line_length, err);
	t->blocks = content_lists_block(t->checks) ||
	    (t->text != NULL && text_checks_block(t->text)) ||
	    (t->attachments != NULL &&
		attachment_checks_block(t->attachments)) ||
	    (t->classes != NULL && t->classes->blocks);
}

void
content_stack_forget(struct content_tables *tables)
{
	content_lists_close(tables->checks);
	text_checks_close(tables->text);
	attachment_checks_close(tables->attachments);
	class_content_close(tables->classes);
}

struct content_stage *
content_stack_open(struct content_stack *stack,
    const struct content_tables *tables, const struct subject *subject,
    struct recipient_content *recipients, struct content_stage *last)
{
	struct content_verdict *verdict = last->verdict;
	struct content_stage *first = last;

	*stack = (struct content_stack){ 0 };
	if (recipients != NULL)
		stack->recipients = recipient_content_open(recipients, first);
	if (stack->recipients != NULL)
		first = stack->recipients;
	if (tables->attachments != NULL)
		first = stack->attachments = attachment_checks_new(
		    tables->attachments, subject, verdict, first);
	if (tables->text != NULL)
		first = stack->text =
		    text_checks_new(tables->text, subject, verdict, first);
	if (!tables->idle)
		first = stack->checks =
		    content_checks_new(tables->checks, subject, verdict, first);
	return first;
}

void
content_stack_close(struct content_stack *stack)
{
	struct content_stage *stages[] = { stack->checks, stack->text,
		stack->attachments, stack->recipients };

	for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
		if (stages[i] != NULL)
			stages[i]->ops->close(stages[i]);
	*stack = (struct content_stack){ 0 };
}
