// Files that go with a text. They are sent at once, belong to nobody until the text is sent, and go with it.

import { signal, type Signal } from '@preact/signals';
import { newKey, root } from '../api/client';
import type { Upload } from '../api/types';
import { t } from '../i18n/t';
import { session } from '../state/session';

export interface Attachment {
	name: string;
	size: number;
	progress: Signal<number>; // 0 to 1
	upload: Signal<Upload | null>;
	problem: Signal<string>;
	cancel: () => void;
}

const refusal = (file: File): string => {
	const limits = session.value!.limits;
	const extension = file.name.split('.').pop()?.toLowerCase() ?? '';
	if (file.size > limits.upload_bytes)
		return t('file.too_large', { name: file.name, mb: (limits.upload_bytes / (1 << 20)).toFixed(1) });
	if (!limits.upload_extensions.includes(extension))
		return t('file.not_allowed', { name: file.name, extensions: limits.upload_extensions.join(', ') });
	return '';
};

// A pasted picture has the same name each time.
const named = (file: File): File =>
	file.name === 'image.png' ? new File([file], `${t('file.pasted')}-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}.png`, { type: file.type }) : file;

const messageOf = (request: XMLHttpRequest): string => {
	try {
		return (JSON.parse(request.responseText) as { message?: string }).message ?? t('file.failed');
	} catch {
		return t('file.failed');
	}
};

// XMLHttpRequest tells how much has been sent; fetch does not.
const send = (file: File, attachment: Attachment): void => {
	const request = new XMLHttpRequest(), form = new FormData();
	form.append('file', file);
	request.open('POST', `${root}flicket-api/uploads`);
	request.setRequestHeader('Flicket-Console', '1');
	request.setRequestHeader('Idempotency-Key', newKey());
	request.upload.onprogress = event => { attachment.progress.value = event.total ? event.loaded / event.total : 0; };
	request.onload = () => {
		if (request.status === 201)
			attachment.upload.value = JSON.parse(request.responseText) as Upload;
		else
			attachment.problem.value = messageOf(request);
	};
	request.onerror = () => { attachment.problem.value = t('problem.unreachable'); };
	attachment.cancel = () => request.abort();
	request.send(form);
};

export const attach = (given: File): Attachment => {
	const file = named(given);
	const attachment: Attachment = {
		name: file.name, size: file.size, progress: signal(0), upload: signal(null), problem: signal(refusal(file)), cancel: () => {},
	};
	if (!attachment.problem.value)
		send(file, attachment);
	return attachment;
};
