// Outlines on a grid of 24, drawn for this console; shown beside words, so screen readers pass over them.
const paths = {
	menu: 'M4 7h16M4 12h16M4 17h16',
	close: 'M6 6l12 12M18 6L6 18',
	search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM16 16l4 4',
	plus: 'M12 5v14M5 12h14',
	file: 'M7 4h7l4 4v12H7zM14 4v4h4',
	left: 'M14 6l-6 6 6 6',
	right: 'M10 6l6 6-6 6',
	down: 'M6 10l6 6 6-6',
	warning: 'M12 5l8 14H4zM12 10v4M12 16.5v.5',
	check: 'M5 12l5 5 9-10',
	bold: 'M8 5h5a3.5 3.5 0 0 1 0 7H8zM8 12h6a3.5 3.5 0 0 1 0 7H8z',
	italic: 'M11 5h6M7 19h6M14 5l-4 14',
	code: 'M9 7l-5 5 5 5M15 7l5 5-5 5',
	link: 'M10 14l4-4M8 12l-2 2a3 3 0 0 0 4 4l2-2M16 12l2-2a3 3 0 0 0-4-4l-2 2',
	list: 'M9 7h11M9 12h11M9 17h11M4.5 7h.01M4.5 12h.01M4.5 17h.01',
	quote: 'M6 7h4v5c0 3-1.5 4-4 5M14 7h4v5c0 3-1.5 4-4 5',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
	<svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" focusable="false">
		<path d={paths[name]} />
	</svg>
);
