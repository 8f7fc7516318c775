/* stage_conduct.c - see stage_conduct.h. */
#include "classes/stage_conduct.h"

bool
stage_conduct(enum stage stage, const struct verdict *v, enum conduct *what)
{
	if (stage == STAGE_VRFY || stage == STAGE_ETRN)
		return false;
	if (!v->pass && v->code < 500)
		return false;
	if (v->pass && stage == STAGE_END)
		*what = CONDUCT_STORED;
	else if (stage == STAGE_RCPT)
		*what = v->pass || v->foregone ? CONDUCT_RECIPIENT
					       : CONDUCT_RECIPIENT_REFUSED;
	else if (!v->pass && !v->foregone)
		*what = CONDUCT_REFUSED;
	else
		return false;
	return true;
}
