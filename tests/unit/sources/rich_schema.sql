-- A database with a bit of everything that people use.
create schema shop;
create extension if not exists plpgsql;
create type shop.mood as enum ('嬉しい', '普通', '悲しい');
create domain shop.yen as bigint check (value >= 0);
create type shop.address as (zip char(8), town text);
create sequence shop.odd increment 2 start 1001;

create table shop.customers (
    id int generated always as identity primary key,
    氏名 text not null,
    email varchar(200) unique,
    feeling shop.mood default '普通',
    home shop.address,
    born date,
    balance shop.yen not null default 0
);
insert into shop.customers (氏名, email, feeling, home, born, balance) values
    ('山田 太郎', 'taro@example.jp', '嬉しい', row('100-0001', '東京都千代田区'), '1970-01-01', 9007199254740993),
    (E'tab\there\\ and\nline break \\. 𠮷野家', null, null, null, '0044-03-15 BC', 0),
    ('', '', '悲しい', row(null, ''), 'infinity', 1);

create table shop.types (
    id serial primary key,
    small smallint, big bigint, exact numeric(40, 20), loose numeric, single real, double double precision,
    yes boolean, raw bytea, fixed char(10), words text[], grid int[][],
    at timestamptz, local timestamp, clock time, zoned timetz, span interval,
    uid uuid, doc json, docb jsonb, net inet, card macaddr, bits bit(5), many bit varying,
    place point, box box, during tstzrange, numbers int4multirange, words_of tsvector, price money, page xml, lsn pg_lsn
);
insert into shop.types values
    (default, -32768, -9223372036854775808, 12345678901234567890.12345678901234567890, 'NaN', 'Infinity', '-0',
     true, '\x0001ff5c2e0a', 'ab', array['a,b', null, '"', '日本', '{}'], '{{1,2},{3,null}}',
     '2026-11-22 03:04:05.678901+09', 'infinity', '24:00:00', '01:02:03+09', '1 mon -2 days 00:00:01.5',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b": 1, "a": [1,  2], "b": 2}', '{"k": "\u3042\\n"}',
     '2001:db8::/32', '08:00:2b:01:02:03', B'10101', B'', '(1.5,-2)', '(1,1),(0,0)',
     '[2026-01-01,2026-02-01)', '{[1,3),[5,8)}', 'fat cat', '12.34', '<a>&amp;</a>', '16/B374D848');
insert into shop.types default values;
insert into shop.types (id, small, big, exact, loose, single, double, yes, raw, fixed, words, grid) values
    (default, 1, 2, 3, 4, 1e-45, 5e-324, false, '', '', '{}', null);
update shop.types set raw = decode(repeat('00ff5c', 100000), 'hex') where id = 3;

create table shop.orders (
    id bigint, customer int references shop.customers, placed timestamptz not null, total shop.yen, note text,
    tax numeric generated always as (total * 0.1) stored,
    primary key (id, placed)
) partition by range (placed);
create table shop.orders_2025 partition of shop.orders for values from ('2025-01-01') to ('2026-01-01');
create table shop.orders_2026 partition of shop.orders for values from ('2026-01-01') to ('2027-01-01');
create table shop.orders_rest partition of shop.orders default;
insert into shop.orders (id, customer, placed, total, note)
    select i, i % 3 + 1, timestamptz '2025-06-01 00:00+00' + i * interval '10 minutes', i * 7,
        case i % 3 when 0 then null when 1 then '' else '注文 ' || i end
    from generate_series(1, 100000) i;
create index on shop.orders (customer) where total > 1000;
create index on shop.orders using brin (placed);

create table shop.parent (a int);
create table shop.child (b int) inherits (shop.parent);
insert into shop.parent values (1); insert into shop.child values (2, 3);
create table shop.nothing ();
create table shop.empty (a int, exclude using gist (int4range(a, a + 1) with &&));
create unlogged table shop.scratch as select 1 as a;
create table "Odd ""name
COPY x FROM stdin;" ("select" int); insert into "Odd ""name
COPY x FROM stdin;" values (1), (2);

create function shop.twice(n bigint) returns bigint language sql immutable as $$ select n * 2 $$;
create function shop.lookalike() returns text language plpgsql as $$
begin
    -- A body that looks like data:
    return '
COPY shop.fake (a) FROM stdin;
1
\.
';
end $$;
create procedure shop.noop() language plpgsql as $$ begin null; end $$;
create aggregate shop.product(int8) (sfunc = int8mul, stype = int8, initcond = '1');
create function shop.touch() returns trigger language plpgsql as $$ begin new.note := coalesce(new.note, ''); return new; end $$;
create trigger touch before update on shop.orders for each row execute function shop.touch();
create view shop.rich as select * from shop.customers where balance > 100;
create materialized view shop.sums as select customer, sum(total) total from shop.orders group by 1 with data;
create unique index on shop.sums (customer);
create rule no_delete as on delete to shop.empty do instead nothing;
alter table shop.customers enable row level security;
create policy all_of_them on shop.customers using (true);
create statistics shop.correlated on customer, total from shop.orders_2025;
comment on table shop.customers is '顧客';
create publication everything for all tables;
select nextval('shop.odd'), nextval('shop.odd');
grant select on shop.customers to public;

select lo_from_bytea(424242, decode(repeat('00ff0a5c2e0a', 20000), 'hex'));
select lo_from_bytea(424243, '');
