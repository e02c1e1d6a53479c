// An edit of a text. It is made to what the desk has; if somebody else changed that meanwhile, the difference is shown
// and the editor decides. Nothing is overwritten unseen.

import { useEffect, useState } from 'preact/hooks';
import { ask, get, tagOf, type Problem } from '../api/client';
import { t } from '../i18n/t';
import { say } from '../state/toasts';
import { asProblem, Refusal } from '../ui/field';
import { Dialog } from '../ui/dialog';
import { outOfBounds } from './bounds';
import { changeSeen, Overtaken } from './change';
import { Diff } from './history';
import { EditorField, useEditor } from './editor';

interface Props {
	kind: 'ticket' | 'post';
	id: number;
	onClose: () => void;
	onSaved: () => Promise<void>;
}

interface Version {
	content: string;
	etag: string | undefined;
}

const pathOf = ({ kind, id }: Props): string => `${kind}/${id}`;

const EditForm = ({ first, ...props }: Props & { first: Version }) => {
	const path = pathOf(props);
	const [version, setVersion] = useState(first);
	const editor = useEditor(`edit-${props.kind}-${props.id}`, () => ({ base: first.content }), first.content);
	const [problem, setProblem] = useState<Problem | null>(null);
	const [wrong, setWrong] = useState<string | undefined>();
	const [isBusy, setBusy] = useState(false);
	useEffect(() => editor.field.current!.focus(), []);
	const base = editor.begun?.base ?? first.content;
	const isOvertaken = version.content !== base;
	const submit = async (): Promise<void> => {
		const why = outOfBounds(editor.text.value), ids = editor.uploadIds();
		setWrong(why);
		setProblem(null);
		if (why || isBusy || editor.isSending())
			return;
		setBusy(true);
		try {
			await changeSeen({ path, thing: { content: version.content }, etag: version.etag }, ['content'], headers =>
				ask('PATCH', path, { body: { content: editor.text.value, ...ids.length ? { upload_ids: ids } : {} }, headers }));
			editor.clear();
			await props.onSaved();
			say(t('done.saved'));
			props.onClose();
		} catch (reason) {
			if (reason instanceof Overtaken)
				setVersion({ content: (reason.now as Version).content, etag: reason.etag });
			else if (asProblem(reason).status !== 401)
				setProblem(asProblem(reason));
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			<Refusal problem={problem && problem.field !== 'content' ? problem : null} />
			{isOvertaken && (
				<section role="alert" class="newer"><p>{t('edit.overtaken')}</p><Diff before={base} after={version.content} /></section>
			)}
			<EditorField editor={editor} label={t('ticket.text')} rows={12} isBusy={isBusy} onSend={() => void submit()} problem={wrong ?? problem?.of('content')} />
			<div class="actions">
				<button type="button" class="primary" disabled={isBusy} onClick={() => void submit()}>{isOvertaken ? t('edit.anyway') : t('text.save')}</button>
				<button type="button" onClick={props.onClose}>{t('dialog.cancel')}</button>
			</div>
		</>
	);
};

export const EditDialog = (props: Props) => {
	const [first, setFirst] = useState<Version | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const path = pathOf(props);
	const load = (): void => {
		setProblem(null);
		get<{ content: string }>(path).then(({ content }) => setFirst({ content, etag: tagOf(path) }), reason => setProblem(asProblem(reason)));
	};
	useEffect(load, []);
	return (
		<Dialog title={t('text.edit')} onClose={props.onClose} wide>
			<Refusal problem={problem} again={load} />
			{first ? <EditForm first={first} {...props} /> : !problem && <p aria-busy="true" class="quiet">{t('loading')}</p>}
		</Dialog>
	);
};
