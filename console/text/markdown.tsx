// Markdown as elements, never as a string of HTML: `marked` splits the text into tokens, and each kind of token is an
// element here. HTML in a text is shown as it was written. Pictures of this desk are shown; others are links, so that
// reading a ticket tells no stranger.

import { marked, type Token, type Tokens } from 'marked';
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { local } from '../api/client';
import { t } from '../i18n/t';
import { unescaped } from './entities';
import { isHeavy } from './heavy';

const SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const DEEPEST = 32;
const OWN = /^\/flicket\/static\/flicket_(uploads|avatars)\//;

// Where a link may lead; undefined: it is shown as text.
export const safeLink = (link: string): string | undefined => {
	try {
		const url = new URL(link, location.origin);
		return SCHEMES.has(url.protocol) ? link : undefined;
	} catch {
		return undefined;
	}
};

// The path of a picture that the desk itself has.
export const ownPicture = (link: string): string | undefined => {
	try {
		const path = new URL(link, location.origin).pathname;
		const at = path.search(/\/flicket\//);
		return at !== -1 && OWN.test(path.slice(at)) ? local(link) : undefined;
	} catch {
		return undefined;
	}
};

const children = (tokens: Token[] | undefined, depth: number): ComponentChildren[] =>
	(tokens ?? []).map((token, i) => render(token, i, depth + 1));

const External = ({ to, title, content }: { to: string; title?: string | null; content: ComponentChildren }) => (
	<a href={to} rel="noopener noreferrer nofollow" target="_blank" title={title ?? undefined}>{content}</a>
);

const Cells = ({ cells, header, align, depth }: { cells: Tokens.TableCell[]; header: boolean; align: Tokens.Table['align']; depth: number }) => (
	<tr>{cells.map((cell, i) => header
		? <th key={i} scope="col" data-align={align[i] ?? undefined}>{children(cell.tokens, depth)}</th>
		: <td key={i} data-align={align[i] ?? undefined}>{children(cell.tokens, depth)}</td>)}</tr>
);

const Item = ({ item, depth }: { item: Tokens.ListItem; depth: number }) => (
	<li class={item.task ? 'task' : ''}>
		{item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.checked ? '☑' : '☐'} />}
		{children(item.tokens.filter(token => token.type !== 'checkbox'), depth)}
	</li>
);

// A page has its own h1 and h2.
const Heading = ({ depth: level, content }: { depth: number; content: ComponentChildren }) => {
	const Tag = `h${Math.min(6, level + 2)}` as 'h3';
	return <Tag>{content}</Tag>;
};

type Renderer = (token: never, key: number, depth: number) => JSX.Element | string | null;

const renderers: Record<string, Renderer> = {
	space: () => null,
	def: () => null,
	br: (_, key) => <br key={key} />,
	hr: (_, key) => <hr key={key} />,
	text: (token: Tokens.Text, key, depth) => token.tokens
		? <span key={key}>{children(token.tokens, depth)}</span> : unescaped(token.text),
	escape: (token: Tokens.Escape) => token.text,
	html: (token: Tokens.HTML, key) => token.block ? <p key={key}>{token.raw}</p> : token.raw,
	paragraph: (token: Tokens.Paragraph, key, depth) => <p key={key}>{children(token.tokens, depth)}</p>,
	heading: (token: Tokens.Heading, key, depth) => <Heading key={key} depth={token.depth} content={children(token.tokens, depth)} />,
	blockquote: (token: Tokens.Blockquote, key, depth) => <blockquote key={key}>{children(token.tokens, depth)}</blockquote>,
	strong: (token: Tokens.Strong, key, depth) => <strong key={key}>{children(token.tokens, depth)}</strong>,
	em: (token: Tokens.Em, key, depth) => <em key={key}>{children(token.tokens, depth)}</em>,
	del: (token: Tokens.Del, key, depth) => <del key={key}>{children(token.tokens, depth)}</del>,
	codespan: (token: Tokens.Codespan, key) => <code key={key}>{token.text}</code>,
	code: (token: Tokens.Code, key) => <pre key={key} tabIndex={0}><code>{token.text}</code></pre>,
	list: (token: Tokens.List, key, depth) => {
		const items = token.items.map((item, i) => <Item key={i} item={item} depth={depth} />);
		return token.ordered ? <ol key={key} start={Number(token.start) || 1}>{items}</ol> : <ul key={key}>{items}</ul>;
	},
	table: (token: Tokens.Table, key, depth) => (
		<div class="scroll" key={key} tabIndex={0} role="region" aria-label={t('text.table')}>
			<table>
				<thead><Cells cells={token.header} header align={token.align} depth={depth} /></thead>
				<tbody>{token.rows.map((row, i) => <Cells key={i} cells={row} header={false} align={token.align} depth={depth} />)}</tbody>
			</table>
		</div>
	),
	link: (token: Tokens.Link, key, depth) => {
		const to = safeLink(token.href), content = children(token.tokens, depth);
		return to ? <External key={key} to={to} title={token.title} content={content} /> : <span key={key}>{content} ({token.href})</span>;
	},
	image: (token: Tokens.Image, key) => {
		const own = ownPicture(token.href), text = unescaped(token.text) || token.href, to = safeLink(token.href);
		if (own)
			return <a key={key} href={own} target="_blank" rel="noopener"><img src={own} alt={text} loading="lazy" decoding="async" /></a>;
		return to ? <External key={key} to={to} content={text} /> : <span key={key}>{text}</span>;
	},
};

const render = (token: Token, key: number, depth: number): ComponentChildren => {
	const renderer = depth < DEEPEST ? renderers[token.type] : undefined;
	return renderer ? renderer(token as never, key, depth) : token.raw;
};

const SHOWN = 20_000; // characters

const Plain = ({ source }: { source: string }) => {
	const [isWhole, setWhole] = useState(source.length <= SHOWN);
	return (
		<>
			<pre tabIndex={0}>{isWhole ? source : source.slice(0, SHOWN)}</pre>
			{!isWhole && <button type="button" onClick={() => setWhole(true)}>{t('text.whole', { n: source.length })}</button>}
		</>
	);
};

export const Markdown = ({ source }: { source: string }) => (
	<div class="markdown" dir="auto">
		{isHeavy(source) ? <Plain source={source} /> : marked.lexer(source, { gfm: true, breaks: true }).map((token, i) => render(token, i, 0))}
	</div>
);
