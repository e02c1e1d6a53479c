// The list that was shown last: a ticket goes by it to the next, to the one before, and back.

import { effect } from '@preact/signals';
import { place } from '../state/router';

export const lastList = {
	url: '/tickets/',
	ids: [] as number[],
	opened: 0, // the ticket that is shown, or was before the list came back
};

effect(() => {
	const ticket = /^\/ticket\/(\d+)/.exec(place.value);
	if (ticket)
		lastList.opened = Number(ticket[1]);
	else if (!place.value.startsWith('/tickets'))
		lastList.opened = 0;
});
