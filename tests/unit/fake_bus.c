/* The bus as stages see it (fakes.h). */
#include "fakes.h"

struct fake_bus	fake_bus;

bool
bus_ask(struct bus *b, const struct bus_question *q, struct request *r,
    int *ret_slot)
{
	(void)b;
	fake_bus.asked++;
	fake_bus.part = q->part;
	fake_bus.op = (enum op_code)r->op;
	fake_bus.args = r->args;
	fake_bus.deadline_ms = q->deadline_ms;
	fake_bus.expires_ms = r->expires_ms;
	/* a test answers by hand, and may do so before it is asked again */
	(void)ret_slot;
	return !fake_bus.refuses;
}

void
bus_forget(struct bus *b, int slot)
{
	(void)b, (void)slot;
}

bool
bus_is_up(const struct bus *b, enum service_id id)
{
	(void)b;
	return id == SERVICE_USER && fake_bus.is_up;
}

bool
bus_slept(const struct bus *b, enum service_id id)
{
	(void)b, (void)id;
	return fake_bus.slept;
}

int64_t
bus_heard_ms(const struct bus *b, enum service_id id)
{
	(void)b, (void)id;
	return fake_bus.heard_ms;
}
