// A form that makes something. Pressed twice, it is sent once. If an answer was lost, sending the form again is the same
// request, with the same key.

import { useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api/client';

export const useSend = (path: string) => {
	const [isBusy, setBusy] = useState(false);
	const isUnderWay = useRef(false);
	const last = useRef({ body: '', key: '' });
	// Returns what was made, or nothing if the form is being sent already.
	const send = async <Made>(body: object): Promise<Made | undefined> => {
		if (isUnderWay.current)
			return undefined;
		const text = JSON.stringify(body);
		if (last.current.body !== text)
			last.current = { body: text, key: newKey() };
		isUnderWay.current = true;
		setBusy(true);
		try {
			const made = await ask<Made>('POST', path, { key: last.current.key, body });
			last.current = { body: '', key: '' };
			return made;
		} finally {
			isUnderWay.current = false;
			setBusy(false);
		}
	};
	return { isBusy, send };
};
