// Answers of the API, as far as the console uses them (docs/api.md).

export interface User {
	id: number;
	name: string;
	username: string;
	email: string;
	job_title: string;
	avatar: string;
	disabled?: boolean;
	groups?: string[];
	locale?: string | null;
}

export type Right = 'admin' | 'staff';

export interface Session {
	user: User | null;
	rights: Right[];
	read_only: boolean;
	title: string;
	token_id: number | null; // null: nobody is logged in
	version: string;
	features: { change_category: boolean };
	limits: {
		upload_bytes: number;
		upload_extensions: string[];
		avatar_bytes: number;
		per_page: number;
	};
}

export interface Ticket {
	id: number;
	title: string;
	content: string;
	status_id: number;
	ticket_priority_id: number;
	category_id: number;
	started_id: number;
	assigned_id: number | null;
	modified_id: number | null;
	date_added: string;
	date_modified: string | null;
	last_updated: string;
	replies: number;
	hours: string;
	snippet?: string;
	unread?: boolean;
}

export interface Post {
	id: number;
	ticket_id: number;
	user_id: number;
	content: string;
	data_added: string;
	date_modified: string | null;
}

export interface Action {
	id: number;
	ticket_id: number;
	post_id: number | null;
	user_id: number;
	recipient_id: number | null;
	action: string;
	data: Record<string, unknown> | null;
	date: string;
}

export interface Upload {
	id: number;
	topic_id: number | null;
	post_id: number | null;
	filename: string;
	original_filename: string;
	image: string;
}

export interface History {
	id: number;
	topic_id: number | null;
	post_id: number | null;
	user_id: number;
	original_content: string;
	date_modified: string;
}

export interface Subscription {
	id: number;
	ticket_id: number;
	user_id: number;
}

export interface Status {
	id: number;
	status: string;
}

export interface Priority {
	id: number;
	priority: string;
}

export interface Department {
	id: number;
	department: string;
}

export interface Category {
	category_id: number;
	category: string;
	department_id: number;
	department: string;
	department_category: string;
}

export interface View {
	id: number;
	name: string;
	query: string;
	shared: boolean;
	position: number;
	user_id: number;
}

export interface Included {
	users?: User[];
	posts?: Post[];
	actions?: Action[];
	uploads?: Upload[];
	histories?: History[];
	subscriptions?: Subscription[];
}

export interface List<Item> {
	items: Item[];
	included?: Included;
	_meta: { page: number; per_page: number; total_items: number; total_pages: number };
}

// One fault of a request; the first is repeated in the problem itself.
export interface Fault {
	code: string;
	field: string;
	message: string;
}
