-- Nothing at all.
select 1;
