// Outlines on a grid of 24, drawn for this console; shown beside words, so screen readers pass over them.
const paths = {
	menu: 'M4 7h16M4 12h16M4 17h16',
	close: 'M6 6l12 12M18 6L6 18',
	search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM16 16l4 4',
	plus: 'M12 5v14M5 12h14',
	file: 'M7 4h7l4 4v12H7zM14 4v4h4',
	right: 'M10 6l6 6-6 6',
	down: 'M6 10l6 6 6-6',
	up: 'M6 14l6-6 6 6',
	warning: 'M12 5l8 14H4zM12 10v4M12 16.5v.5',
	check: 'M5 12l5 5 9-10',
	bold: 'M8 5h5a3.5 3.5 0 0 1 0 7H8zM8 12h6a3.5 3.5 0 0 1 0 7H8z',
	italic: 'M11 5h6M7 19h6M14 5l-4 14',
	code: 'M9 7l-5 5 5 5M15 7l5 5-5 5',
	link: 'M10 14l4-4M8 12l-2 2a3 3 0 0 0 4 4l2-2M16 12l2-2a3 3 0 0 0-4-4l-2 2',
	list: 'M9 7h11M9 12h11M9 17h11M4.5 7h.01M4.5 12h.01M4.5 17h.01',
	inbox: 'M4 13l3-8h10l3 8v6H4zM4 13h5l1 2h4l1-2h5',
	unassigned: 'M12 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM5 20c.5-3.5 3.4-5 7-5M16 18h5',
	open: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 12h.01',
	unread: 'M4 7h16v11H4zM4 8l8 6 8-6',
	reported: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
	followed: 'M3 12c2.5-4.5 5.5-6 9-6s6.5 1.5 9 6c-2.5 4.5-5.5 6-9 6s-6.5-1.5-9-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
	closed: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM8.5 12l2.5 2.5 4.5-5',
	home: 'M4 11l8-7 8 7M6 10v10h12V10',
	departments: 'M4 20V6h9v14M13 10h7v10M3 20h18M7 10h3M7 14h3M16.5 14h.5',
	people: 'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM3 20c.3-3.5 2.6-5 6-5s5.7 1.5 6 5M15.5 5.4a3.5 3.5 0 0 1 0 6.4M17 15.4c2.4.5 3.8 1.9 4 4.6',
	admin: 'M5 7h8M17 7h2M5 17h2M11 17h8M15 5v4M9 15v4',
	leave: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
	help: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9.8 9.8a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5M12 16.2h.01',
	bookmark: 'M7 5h10v15l-5-4-5 4z',
	quote: 'M6 7h4v5c0 3-1.5 4-4 5M14 7h4v5c0 3-1.5 4-4 5',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
	<svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" focusable="false">
		<path d={paths[name]} />
	</svg>
);
