// An edit of a text. It is made to what the desk has at its beginning; if somebody else changed that meanwhile, the
// difference is shown and the editor decides. Nothing is overwritten unseen.

import { useEffect, useState } from 'preact/hooks';
import { ask, get, tagOf, type Problem } from '../api/client';
import { t } from '../i18n/t';
import { say } from '../state/toasts';
import { asProblem, Refusal } from '../ui/field';
import { Dialog } from '../ui/dialog';
import { diff } from './diff';
import { EditorField, useEditor } from './editor';

interface Props {
	kind: 'ticket' | 'post';
	id: number;
	content: string;
	onClose: () => void;
	onSaved: () => Promise<void>;
}

interface Version {
	content: string;
	etag: string | undefined;
}

const read = async (path: string): Promise<Version> => {
	const { content } = await get<{ content: string }>(path);
	return { content, etag: tagOf(path) };
};

export const EditDialog = ({ kind, id, content, onClose, onSaved }: Props) => {
	const path = `${kind}/${id}`;
	const editor = useEditor(`edit-${kind}-${id}`, content);
	const [version, setVersion] = useState<Version>({ content, etag: undefined });
	const [isOvertaken, setOvertaken] = useState(false);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [isBusy, setBusy] = useState(false);
	const fail = (reason: unknown): void => setProblem(asProblem(reason));
	useEffect(() => void read(path).then(setVersion, fail), []);
	const submit = async (): Promise<void> => {
		const ids = editor.uploadIds();
		setBusy(true);
		setProblem(null);
		try {
			await ask('PATCH', path, {
				body: { content: editor.text, ...ids.length ? { upload_ids: ids } : {} },
				headers: version.etag ? { 'If-Match': version.etag } : {},
			});
			editor.clear();
			await onSaved();
			say(t('done.saved'));
			onClose();
		} catch (reason) {
			if (asProblem(reason).status !== 412)
				return fail(reason);
			await read(path).then(setVersion, fail);
			setOvertaken(true);
		} finally {
			setBusy(false);
		}
	};
	return (
		<Dialog title={t('text.edit')} onClose={onClose} wide>
			<Refusal problem={problem && problem.field !== 'content' ? problem : null} />
			{isOvertaken && (
				<section role="alert" class="newer">
					<p>{t('edit.overtaken')}</p>
					<p class="diff">{diff(content, version.content).map((piece, i) => piece.kind === 'added' ? <ins key={i}>{piece.text}</ins>
						: piece.kind === 'removed' ? <del key={i}>{piece.text}</del> : piece.text)}</p>
				</section>
			)}
			<EditorField editor={editor} label={t('ticket.text')} rows={12} onSend={() => void submit()} problem={problem?.of('content')} />
			<div class="actions">
				<button type="button" class="primary" disabled={isBusy} onClick={() => void submit()}>{isOvertaken ? t('edit.anyway') : t('text.save')}</button>
				<button type="button" onClick={onClose}>{t('dialog.cancel')}</button>
			</div>
		</Dialog>
	);
};
