// A form that makes something: what is pressed twice is sent once, and what is sent again after its answer was lost is
// the same request.

import { useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api/client';

export const useSend = (path: string) => {
	const [isBusy, setBusy] = useState(false);
	const isUnderWay = useRef(false);
	const last = useRef({ body: '', key: '' });
	// What was made; nothing if it is being sent already.
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
