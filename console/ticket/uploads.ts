// Files that go with a text. They are sent at once, belong to nobody until the text is sent, and go with it.

import { signal, type Signal } from '@preact/signals';
import { newKey, root } from '../api/client';
import type { Upload } from '../api/types';
import type { DraftFile } from '../state/drafts';
import { faultText } from '../i18n/faults';
import { t } from '../i18n/t';
import { isLost, session } from '../state/session';

type Sent = Pick<Upload, 'id' | 'image'>;

export interface Attachment {
	id: number; // among those of this page
	name: string;
	at: number; // when it was given, in ms
	progress: Signal<number>; // 0 to 1
	upload: Signal<Sent | null>;
	problem: Signal<string>;
	again: (() => void) | null; // null: it would be refused again
	cancel: () => void;
}

let count = 0;

const refusal = (file: File): string => {
	const limits = session.value!.limits;
	const extension = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
	if (file.size === 0)
		return t('file.empty', { name: file.name });
	if (file.size > limits.upload_bytes)
		return t('file.too_large', { name: file.name, mb: (limits.upload_bytes / (1 << 20)).toFixed(1) });
	if (!limits.upload_extensions.includes(extension))
		return t('file.not_allowed', { name: file.name, extensions: limits.upload_extensions.join(', ') });
	return '';
};

// A pasted picture has the same name each time.
const named = (file: File): File => {
	const stamp = new Date().toISOString().slice(0, 23).replace(/\D/g, '');
	return file.name === 'image.png' ? new File([file], `${t('file.pasted')}-${stamp}.png`, { type: file.type }) : file;
};

const messageOf = (request: XMLHttpRequest, name: string): string => {
	try {
		const { code = '', message } = JSON.parse(request.responseText) as { code?: string; message?: string };
		return message ? `${name}: ${faultText(code, message)}` : t('file.failed', { name });
	} catch {
		return t('file.failed', { name });
	}
};

// XMLHttpRequest tells how much has been sent; fetch does not.
const send = (file: File, key: string, attachment: Attachment, done: () => void): void => {
	const request = new XMLHttpRequest(), form = new FormData();
	const fail = (why: string): void => { attachment.problem.value = why; };
	form.append('file', file);
	request.open('POST', `${root}flicket-api/uploads/`);
	request.setRequestHeader('Flicket-Console', '1');
	request.setRequestHeader('Idempotency-Key', key);
	request.upload.onprogress = event => { attachment.progress.value = event.total ? event.loaded / event.total : 0; };
	request.onload = () => {
		if (request.status === 201) {
			attachment.upload.value = JSON.parse(request.responseText) as Upload;
			return done();
		}
		if (request.status === 401)
			isLost.value = true;
		if (request.status >= 400 && request.status < 500 && request.status !== 401 && request.status !== 429)
			attachment.again = null;
		fail(request.status === 401 ? t('file.failed', { name: file.name }) : messageOf(request, file.name));
	};
	request.onerror = () => fail(t('file.failed', { name: file.name }));
	attachment.cancel = () => { request.onerror = null; request.abort(); };
	attachment.problem.value = '';
	attachment.progress.value = 0;
	request.send(form);
};

// `done` is called when the desk has it.
export const attach = (given: File, done: () => void): Attachment => {
	const file = named(given), why = refusal(file), key = newKey();
	const attachment: Attachment = {
		id: ++count, name: file.name, at: Date.now(), progress: signal(0), upload: signal(null), problem: signal(why), again: null, cancel: () => {},
	};
	if (!why) {
		attachment.again = () => send(file, key, attachment, done);
		attachment.again();
	}
	return attachment;
};

// One that the desk has already.
export const attached = ({ id, name, image, at }: DraftFile): Attachment => ({
	id: ++count, name, at, progress: signal(1), upload: signal({ id, image }), problem: signal(''), again: null, cancel: () => {},
});
